"""What our drivers cost: an ordinary dump does without the NIC, and reserves nothing for it."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["warnings"]

# what a driver takes of a crash kernel's memory beside its own size, as kdump-utils measured it
# (get_recommend_size() in its kdump-lib.sh, of pages of 4 and 64 kB), and so reserves on aarch64
_BIG = {"mlx5_core": "124 to 188 MB"}


def warnings(modules: Iterable[str]) -> list[str]:
    """One-line texts for the administrator.

    modules -- names of the kernel modules that an image loads for us
    """
    return [
        f"the driver {name} takes {_BIG[name]} of the crash kernel's memory: increase crashkernel="
        " by that much, and test a crash"
        for name in dict.fromkeys(modules)
        if name in _BIG
    ]
