"""Keeps the old image while another one is built and loaded.

The copy is beside the image, under a name that boot loaders and kdump ignore, and has the same time
of change. If a refresh was interrupted, the next one finds the copy, and sees by this time whether
the image was written to since. Nothing else must be remembered.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
from collections.abc import Iterable, Sequence

__all__ = ["Changed", "Old", "found_in"]

_OLD = ".fence-kdump-old"
_PART = ".part"


class Changed(Exception):
    """Another program is writing the image."""


class Old:
    """The old image, and the files beside it that belong to it.

    image -- path of the image
    size -- of the image when it was kept, in bytes
    """

    def __init__(self, image: str, beside: Sequence[str] = ()) -> None:
        """
        beside -- names of the files beside the image; those that do not exist are left out
        """
        self.image = image
        folder = os.path.dirname(image)
        # the image is written last and deleted first, because the other files need it
        self._originals = [*(os.path.join(folder, name) for name in beside), image]
        self._stamp = _stamp(image)

    @property
    def size(self) -> int:
        return self._stamp[2]

    def keep(self, stamp: str) -> None:
        """Make the copy.

        stamp -- "MTIME SIZE" of the image that is to be kept

        Raises OSError, and Changed if another image is there. Then no copy is left.
        """
        try:
            for original in self._originals:
                if os.path.lexists(original):
                    _copy(original)
            self._stamp = _stamp(self.image)
            if stamp != "{1} {2}".format(*self._stamp):
                raise Changed(f"{self.image} is being written by another program")
            for original in self._originals:
                if os.path.lexists(_old(original) + _PART):
                    os.replace(_old(original) + _PART, _old(original))
            _sync(os.path.dirname(self.image))
        except BaseException:
            self._clear()
            raise

    def is_replaced(self) -> bool:
        """Whether the image has changed since it was copied, or since this object was made."""
        return _stamp(self.image) != self._stamp

    def is_replaced_since(self) -> bool:
        """Whether the image differs from the one that an earlier refresh copied.

        Its inode may be new, as that of an image that was put back is.
        """
        return _stamp(self.image)[1:] != _stamp(_old(self.image))[1:]

    def put_back(self) -> None:
        """Replace the image by the copy, with its time of change. Raises OSError."""
        beside = [path for path in self._originals[:-1] if os.path.lexists(_old(path))]
        if beside:
            # an image that is put back only in part must not look like a complete newer one
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.image)
        for path in beside:
            os.replace(_old(path), path)
        os.replace(_old(self.image), self.image)
        _sync(os.path.dirname(self.image))

    def discard(self) -> None:
        """Delete the copy. The next refresh finds what cannot be deleted now."""
        with contextlib.suppress(OSError):
            os.unlink(_old(self.image))
        self._clear()

    def _clear(self) -> None:
        for original in self._originals:
            for path in (_old(original), _old(original) + _PART):
                with contextlib.suppress(OSError):
                    os.unlink(path)


def found_in(folders: Iterable[str], beside: Sequence[str] = ()) -> list[str]:
    """Paths of the images that have an old copy beside them, from a refresh that was interrupted.

    Other remains of it are deleted: incomplete copies, and files that belong to no old image.

    folders -- where images may be, with patterns of glob
    beside -- names of files that are not images, as in `Old`
    """
    images: list[str] = []
    for folder in folders:
        parts = glob.glob(f"{folder}/.*{_OLD}{_PART}")
        kept = [_original(old) for old in glob.glob(f"{folder}/.*{_OLD}")]
        found = [path for path in kept if os.path.basename(path) not in beside]
        images += found
        for path in parts if found else [*parts, *map(_old, kept)]:
            with contextlib.suppress(OSError):
                os.unlink(path)
    return images


def _old(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}{_OLD}")


def _original(old: str) -> str:
    folder, name = os.path.split(old)
    return os.path.join(folder, name[1 : -len(_OLD)])


def _copy(path: str) -> None:
    part = _old(path) + _PART
    shutil.copy2(path, part, follow_symlinks=False)
    if not os.path.islink(part):
        _sync(part)  # the machine may go down while the next image is built


def _sync(path: str) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _stamp(path: str) -> tuple[int, int, int]:
    """Inode, time of change in nanoseconds, and size; zeros if there is no such file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size
