"""Our programs in an image under construction, below its root."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
from collections.abc import Iterable

__all__ = ["SENDER", "put"]

# Not the path where it is installed: a script that calls that path, and waits, gets a stub.
SENDER = "usr/lib/fence-kdump"
_SCRIPTS = ("watchdogs", "links", "sender")
_NAME = "fence_kdump_send"


def put(initdir: str, sender: str, module: str, called: Iterable[str]) -> None:
    """Copy them. Raises OSError.

    initdir -- the image's root
    sender -- the sender's folder on this machine
    module -- the folder of dracut's module, which has the scripts
    called -- paths under which scripts of kdump call a sender in the image
    """
    # first: a KDUMP_PRESCRIPT that fails stops the dump
    for path in called:
        if not _is_others(initdir + path, f"{sender}/{_NAME}"):
            _script(module, "called", initdir + path)
    folder = f"{initdir}/{SENDER}"
    shutil.copytree(sender, folder, symlinks=True, dirs_exist_ok=True)
    for place, _, names in os.walk(f"{folder}/_internal"):
        for name in names:
            _hide(f"{place}/{name}")
    for name in _SCRIPTS:
        _script(module, name, f"{initdir}/usr/sbin/fence-kdump-{name}")


def _hide(path: str) -> None:
    """Keep a library of the sender from dracut, which would add the system's for all that it needs.

    dracut.sh looks at files that are executable, and since dracut 110 also at files named "*.so*",
    but not at links.
    """
    if os.path.islink(path):
        return
    os.chmod(path, 0o644)
    folder, name = os.path.split(path)
    if ".so" in name:
        hidden = name.replace(".so", "-so")
        os.replace(path, f"{folder}/{hidden}")
        os.symlink(hidden, path)


def _is_others(path: str, ours: str) -> bool:
    """Whether a program in the image is another one, such as the C program, which exits itself."""
    try:
        return not filecmp.cmp(path, ours, shallow=False)
    except OSError:  # there is none
        return False


def _script(module: str, name: str, path: str) -> None:
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # it may be a link to our own program, included by the script that calls it
    shutil.copy(f"{module}/fence-kdump-{name}.sh", path)
