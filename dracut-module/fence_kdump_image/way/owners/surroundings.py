"""What else in an image configures NICs, as it is found there and written into the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from fence_kdump_image.way.owners.claim import Allowlist, Claim

__all__ = ["ALONE", "Surroundings", "Word"]


class Word(NamedTuple):
    """A word of dracut.cmdline(7), and the file in which it is."""

    path: str
    text: str

    @property
    def key(self) -> str:
        """The part before the first "="."""
        return self.text.partition("=")[0]

    @property
    def value(self) -> str:
        """The part after the first "="."""
        return self.text.partition("=")[2]


@dataclass(frozen=True)
class Surroundings:
    """What else in an image configures NICs.

    programs -- the programs that set up NICs, by the names of their dracut modules
    profiles -- the claims of the files of these programs
    words -- the words about the network in dracut's files
    allowlist -- the NICs that NetworkManager may touch, None if there is no such list
    default -- whether systemd-networkd uses DHCP for every NIC without a file
    """

    programs: tuple[str, ...] = ()
    profiles: tuple[Claim, ...] = ()
    words: tuple[Word, ...] = ()
    allowlist: Allowlist | None = None
    default: bool = False


ALONE = Surroundings()
