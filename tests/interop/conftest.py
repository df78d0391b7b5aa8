"""Two hosts on a cable."""

from lab.pair import peer, survivor

__all__ = ["peer", "survivor"]
