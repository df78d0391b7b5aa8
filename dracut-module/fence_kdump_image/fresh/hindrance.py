"""Why a stale image is left to the administrator."""

from __future__ import annotations

import os

from fence_kdump_image import textfiles
from fence_kdump_image.fresh import tools
from fence_kdump_image.image import finished
from fence_kdump_image.whom import kdumpconf

__all__ = ["find"]

_FADUMP = ("/sys/kernel/fadump/enabled", "/sys/kernel/fadump_enabled")


def find(root: str, tool: tools.Tool | None, whole: bool) -> str:
    """Why a stale image must not be rebuilt, as a one-line text; "" if it may.

    root -- of the file system
    tool -- the distribution's commands
    whole -- whether no package is half installed
    """
    hindrances = (
        (
            os.path.exists(f"{root}/run/ostree-booted"),
            "this ostree system composes its images elsewhere: rebuild the image there",
        ),
        (
            any(textfiles.read(root + path).strip() == "1" for path in _FADUMP),
            "fadump is on, so a rebuild rewrites the image of the normal boot: rebuild by hand",
        ),
        (
            kdumpconf.parse(textfiles.read(root + kdumpconf.PATH)).no_rebuild,
            f"force_no_rebuild is set in {kdumpconf.PATH}: rebuild by hand",
        ),
        (
            not finished.is_loaded(root),
            "no crash kernel is loaded: start the kdump service, which builds the image",
        ),
        (not whole, "the installation of packages does not end: rebuild by hand when it has ended"),
        (tool is None, "neither kdumpctl nor mkdumprd is installed: rebuild by hand"),
    )
    return next((text for hinders, text in hindrances if hinders), "")
