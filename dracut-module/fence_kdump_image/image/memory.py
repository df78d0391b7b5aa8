"""The memory that drivers need. A dump without network reserves nothing for the NIC."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["warnings"]

# The memory that a driver needs in a crash kernel besides its own size, as measured by kdump-utils
# (get_recommend_size() in its kdump-lib.sh, for pages of 4 and 64 kB), which reserves it on aarch64
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
