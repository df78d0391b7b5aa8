"""Shared libraries that a frozen sender takes from the system.

The sender is a folder with libraries of its own. dracut looks only at the executable, so it does
not see what these libraries need.
"""

from __future__ import annotations

import os
import re
import time

from fence_kdump_image import programs

__all__ = ["DLOPENED", "needed"]

# opened by name at run time (PyInstaller's bootloader, libpython), so ldd does not list them
DLOPENED = ("libm.so.*", "libz.so.*", "libdl.so.*", "libutil.so.*", "libpthread.so.*", "librt.so.*")

_PATIENCE = 30.0  # seconds for all that ldd is asked; a build must not hang
_PATH = re.compile(r"^\s*(?:.* => )?(/.*) \(0x[0-9a-f]+\)$", re.MULTILINE)  # it may have spaces


def needed(folder: str, patience: float = _PATIENCE) -> tuple[str, ...]:
    """Paths of the libraries outside of a folder that the ELF files in it are linked with.

    folder -- a sender's
    patience -- seconds that ldd may take for all of them together

    Raises TimeoutError if ldd does not answer.
    """
    elves = [path for path in _files(folder) if _is_elf(path)]
    found: dict[str, None] = {}
    private = os.path.join(folder, "_internal")
    environment = {**os.environ, "LC_ALL": "C", "LD_LIBRARY_PATH": private}
    end = time.monotonic() + patience
    for path in elves:
        left = max(0.0, end - time.monotonic())
        try:
            text = programs.run(["ldd", path], left, check=False, environment=environment)
        except programs.TooLongError as error:
            raise TimeoutError(f"ldd {path}: no answer in {patience:.0f} s") from error
        except programs.ProgramError:
            return ()
        found.update(dict.fromkeys(_PATH.findall(text)))
    inside = os.path.join(os.path.realpath(folder), "")
    return tuple(p for p in found if not os.path.realpath(p).startswith(inside))


def _files(folder: str) -> list[str]:
    return [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]


def _is_elf(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False
