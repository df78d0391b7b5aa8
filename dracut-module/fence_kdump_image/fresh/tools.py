"""The distribution's own commands: one builds a crash image, another loads it.

The exit status alone is not trusted. SUSE's mkdumprd returns 0 even if it could not build, and a
crash kernel is loaded only if the kernel says so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

from fence_kdump_image import programs
from fence_kdump_image.image import finished

__all__ = ["Tool", "find"]

_LOAD_SECONDS = 600.0  # kdumpctl first waits for the end of another kdumpctl, which may build
# A load was started and did not succeed. It disappears at the next boot, as does what is loaded.
_DOUBT = "/run/fence-kdump-load"
# of kdump 1.0, and of those before it
_SUSE_LOADERS = ("/usr/lib/kdump/load.sh", "/lib/kdump/load.sh")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Tool:
    """The commands of a distribution on this system.

    builds -- the command that makes the image and loads nothing
    loads -- the one that unloads the crash kernel and loads the image that is there
    beside -- names of the files beside the image that say with which kernel it is loaded
    root -- of the file system
    say -- takes one-line texts for the administrator
    seconds -- after which a build is ended, and a load at the latest
    """

    builds: Sequence[str]
    loads: Sequence[str]
    beside: Sequence[str]
    root: str
    say: Say
    seconds: float

    def build(self) -> bool:
        """Build the image. Returns whether the command reports success."""
        return self._run(self.builds, self.seconds)

    def load(self) -> bool:
        """Load the image. Returns whether this succeeded, and a crash kernel is loaded.

        Raises OSError if it cannot be recorded first that nothing may be loaded from now on.
        """
        with open(self.root + _DOUBT, "w"):
            pass
        if not self._run(self.loads, min(self.seconds, _LOAD_SECONDS)) or not finished.is_loaded(
            self.root
        ):
            return False
        os.unlink(self.root + _DOUBT)
        return True

    def in_doubt(self) -> bool:
        """Whether the last `load` did not succeed. Then it is not known which image is loaded."""
        return os.path.exists(self.root + _DOUBT)

    def _run(self, command: Sequence[str], seconds: float) -> bool:
        try:
            programs.run(command, seconds, captured=False)
        except programs.ProgramError as error:
            self.say(str(error))
            return False
        return True


def find(root: str, say: Say, seconds: float) -> Tool | None:
    """This system's commands, None if it has none.

    root, say, seconds -- as `Tool` has them
    """
    if shutil.which("kdumpctl"):  # RHEL, Fedora: kdumpctl(8)
        return Tool(("kdumpctl", "rebuild"), ("kdumpctl", "reload"), (), root, say, seconds)
    loader = next((root + path for path in _SUSE_LOADERS if os.path.exists(root + path)), "")
    if shutil.which("mkdumprd") and loader:  # SUSE: mkdumprd(8)
        # Not by kdump.service: it calls load.sh with --update, which builds whenever
        # /etc/sysconfig/kdump is newer than the image.
        beside = ("kernel", "kernel-version")
        return Tool(("mkdumprd", "-f"), (loader,), beside, root, say, seconds)
    return None
