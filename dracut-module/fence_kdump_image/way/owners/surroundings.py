"""What else in an image has to do with NICs, as it is found there and written into the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from fence_kdump_image.way.owners.claim import Allowlist, Claim

__all__ = ["ALONE", "Surroundings", "Word"]


class Word(NamedTuple):
    """A word of dracut.cmdline(7), and the file that it stands in."""

    path: str
    text: str

    @property
    def key(self) -> str:
        """What stands before the first "="."""
        return self.text.partition("=")[0]

    @property
    def value(self) -> str:
        """What stands behind it."""
        return self.text.partition("=")[2]


@dataclass(frozen=True)
class Surroundings:
    """What else in an image has to do with NICs.

    programs -- those that set up NICs, by the names of their dracut modules
    profiles -- the claims of the programs' own files
    words -- those about the network, of dracut's files
    allowlist -- the NICs that NetworkManager may touch, None if there is no such list
    default -- systemd-networkd has DHCP for every NIC without a file
    """

    programs: tuple[str, ...] = ()
    profiles: tuple[Claim, ...] = ()
    words: tuple[Word, ...] = ()
    allowlist: Allowlist | None = None
    default: bool = False


ALONE = Surroundings()
