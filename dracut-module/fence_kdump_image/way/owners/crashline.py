"""The words about the network on the crash kernel's command line.

kdump composes this line when it loads the image, not when the image is built. It takes
KDUMP_COMMANDLINE, or else the line of the running kernel without some words, and appends
KDUMP_COMMANDLINE_APPEND. In kdump-utils this is in kdump-lib.sh (prepare_cmdline), in SUSE's kdump
in load.sh (build_kdump_commandline).
"""

from __future__ import annotations

from collections.abc import Mapping

from fence_kdump_image.way.owners.surroundings import Word
from fence_kdump_image.way.owners.words import find
from fence_kdump_image.whom import kdumpconf, sysconfig

__all__ = ["RUNNING", "WHERE", "compose"]

RUNNING = "/proc/cmdline"
WHERE = "the crash kernel's command line"
_REMOVE = "KDUMP_COMMANDLINE_REMOVE"

# words about the network that each removes; only kdump-utils has KDUMP_COMMANDLINE_REMOVE
_KDUMP_UTILS = frozenset(["root", "netroot", "rd.iscsi.initiator", "iscsi_initiator"])
_SUSE = frozenset(["root"])


def compose(texts: Mapping[str, str]) -> tuple[Word, ...]:
    """Its words about the network.

    texts -- path -> text of /etc/sysconfig/kdump, /etc/kdump.conf and RUNNING, if they exist
    """
    settings = sysconfig.parse(texts.get(sysconfig.KDUMP, "")).values
    given = settings.get("KDUMP_COMMANDLINE", "")
    words = find(WHERE, given or texts.get(RUNNING, ""))
    if (
        kdumpconf.PATH in texts
    ):  # RHEL, Fedora; it works on either, and an option without value goes
        remove = {word.partition("=")[0] for word in settings.get(_REMOVE, "").split()}
        remove |= _KDUMP_UTILS
        words = tuple(word for word in words if word.key not in remove and word.text[-1:] != "=")
    elif not given:
        words = tuple(word for word in words if word.key not in _SUSE)
    return words + find(WHERE, settings.get("KDUMP_COMMANDLINE_APPEND", ""))
