"""The image of before: kept at hand while another one is built and loaded.

It lies beside the image, under a name that boot loaders and kdump overlook, and has the image's
time of change: by that alone a refresh that finds it, because one before it was cut off, can tell
whether the image has been written to since. Nothing else needs to be remembered.
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
    """Somebody else is at the image."""


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
        # the image is the last to be there and the first to go: without it the others are nothing
        self._originals = [*(os.path.join(folder, name) for name in beside), image]
        self._stamp = _stamp(image)

    @property
    def size(self) -> int:
        return self._stamp[2]

    def keep(self, stamp: str) -> None:
        """Copy it aside.

        stamp -- "MTIME SIZE" of the image that is to be kept

        Raises OSError, and Changed if another image is there; nothing of a copy is left then.
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
        """Whether the image is another one than when it was kept, or first looked at here."""
        return _stamp(self.image) != self._stamp

    def is_replaced_since(self) -> bool:
        """Whether the image is another one than the one that a refresh before this one has kept.

        Its inode may be new: that of an image that was put back is.
        """
        return _stamp(self.image)[1:] != _stamp(_old(self.image))[1:]

    def put_back(self) -> None:
        """Put it in the place of whatever is there, with its time of change. Raises OSError."""
        beside = [path for path in self._originals[:-1] if os.path.lexists(_old(path))]
        if beside:
            # put back by half, it must not pass for a newer image that is whole
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.image)
        for path in beside:
            os.replace(_old(path), path)
        os.replace(_old(self.image), self.image)
        _sync(os.path.dirname(self.image))

    def discard(self) -> None:
        """Delete it. What cannot be deleted now is found by the next refresh."""
        with contextlib.suppress(OSError):
            os.unlink(_old(self.image))
        self._clear()

    def _clear(self) -> None:
        for original in self._originals:
            for path in (_old(original), _old(original) + _PART):
                with contextlib.suppress(OSError):
                    os.unlink(path)


def found_in(folders: Iterable[str], beside: Sequence[str] = ()) -> list[str]:
    """Paths of the images of which an old one lies beside them, from a refresh that was cut off.

    What else it has left there is deleted: half a copy, or what belongs to no old image.

    folders -- where images may be; with patterns of glob
    beside -- names of files that are no images, as `Old` takes them
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
