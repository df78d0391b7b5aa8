"""Files in a finished image, squashed or not.

lsinitrd(1) reads the files of an image. In a squashed image (the default of kdump-utils), most
files are in a file system that is itself one of these files: squash-root.img before dracut 104,
then squashfs-root.img or erofs-root.img.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence

from fence_kdump_image import programs, textfiles

__all__ = ["ImageError", "is_whole", "listing", "read"]

_PATIENCE = 300.0  # seconds; lsinitrd unpacks the whole image


class ImageError(Exception):
    """The content of an image cannot be read; the text says why."""


def is_whole(path: str) -> bool:
    """Whether an image is complete. If its writer was killed, its end is missing.

    Newer lsinitrds succeed with a file that is empty, or that ends after the microcode. So they
    must also find what every image has, squashed or not.
    """
    try:
        # with * as dracut's --rebuild, since not every system has merged /lib into /usr
        return bool(_lsinitrd("-f", "*lib/dracut/build-parameter.txt", path))
    except ImageError:
        return False


def listing(path: str) -> str:
    """The output of lsinitrd for an image, and the paths of its squashed files, one per line.

    Raises ImageError.
    """
    text = _lsinitrd(path)
    with _folder(path) as folder:
        root = _unsquash(path, folder, ())
        squashed = [
            os.path.relpath(os.path.join(place, name), root)
            for place, _, names in (os.walk(root) if root else ())
            for name in names
        ]
    return text + "".join(f"{name}\n" for name in squashed)


def read(path: str, names: Sequence[str]) -> Mapping[str, str]:
    """The texts of files in an image.

    path -- of the image
    names -- paths of the files in it, without the first slash

    Returns name -> text for each file that exists and is not empty. Raises ImageError.
    """
    found = {name: _lsinitrd("-f", name, path) for name in names}
    missing = [name for name, text in found.items() if not text]
    if missing:
        with _folder(path) as folder:
            root = _unsquash(path, folder, missing)
            found.update({name: textfiles.read(f"{root}/{name}") for name in missing if root})
    return {name: text for name, text in found.items() if text}


@contextlib.contextmanager
def _folder(path: str) -> Iterator[str]:
    """A folder to unpack an image in. Raises ImageError, also if there is no room in it."""
    try:
        with tempfile.TemporaryDirectory(prefix="fence-kdump-image.") as folder:
            yield folder
    except OSError as error:
        raise ImageError(f"{path}: {textfiles.reason(error)}") from error


def _unsquash(path: str, folder: str, names: Sequence[str]) -> str:
    """Unpack what is squashed below a folder. Returns its root, "" if nothing is squashed.

    names -- the files that are wanted, if that makes it quicker; () for all
    """
    root, image = f"{folder}/root", f"{folder}/image"
    squashfs = ["unsquashfs", "-no-progress", "-force", "-dest", root, image, *names]
    erofs = ["fsck.erofs", f"--extract={root}", image]
    for name, command, package in (
        ("squash-root.img", squashfs, "squashfs-tools"),
        ("squashfs-root.img", squashfs, "squashfs-tools"),
        ("erofs-root.img", erofs, "erofs-utils"),
    ):
        text = _lsinitrd("-f", name, path)
        if text:
            with open(image, "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
            try:
                programs.run(command, _PATIENCE, check=False)
            except programs.ProgramError as error:
                raise ImageError(f"{path}: {error}: install {package}") from error
            return root
    return ""


def _lsinitrd(*arguments: str) -> str:
    path = arguments[-1]
    if not os.access(path, os.R_OK):
        raise ImageError(f"{path} cannot be read: run it as root")
    if not shutil.which("lsinitrd"):
        raise ImageError("lsinitrd is not installed: install dracut")
    try:
        return programs.run(("lsinitrd", *arguments), _PATIENCE)
    except programs.TooLongError as error:
        raise ImageError(str(error)) from error
    except programs.ProgramError as error:  # its cpio did not find the end
        raise ImageError(f"{path}: it is incomplete or not an image") from error
