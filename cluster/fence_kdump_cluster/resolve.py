"""Names -> addresses by the system's resolver, each name in a thread of its own.

While a cluster fences or an image is built, the name service may be what is broken: a resolver that
hangs must neither delay the names that others can answer, nor whoever asked longer than they want.
"""

from __future__ import annotations

import os
import select
import socket
import time

from fence_kdump_cluster.addresses import literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Resolver"]

_UDP = socket.SOCK_DGRAM  # of every address one entry, not one for each kind of socket


class Resolver:
    """Looks names up and remembers the answers.

    known -- name -> tuple of its addresses as `addresses.literal` has them, () if it does not
        resolve. A literal address is its own answer, known at once; other names are known once
        their answer is there. A number that only inet_aton(3) takes for an address has none
    """

    def __init__(self, names: Iterable[str], family: int = socket.AF_UNSPEC) -> None:
        """Start looking up.

        names -- host names and literal addresses
        family -- AF_UNSPEC, AF_INET or AF_INET6: which addresses of a name count
        """
        self.known: dict[str, tuple[str, ...]] = {}
        self._family = family
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        self._asked = set()
        for name in dict.fromkeys(names):
            address = literal(name)
            if address:
                self.known[name] = (address,)
            else:
                self._asked.add(name)
        for name in sorted(self._asked):
            self._start(name)

    def fileno(self) -> int:
        """A descriptor that becomes readable when an answer has come."""
        return self._read

    def take(self) -> None:
        """Note that the answers so far were seen: `fileno` is readable again at the next one."""
        try:
            os.read(self._read, 4096)
        except BlockingIOError:
            pass

    def pending(self) -> bool:
        """Whether an answer is still to come."""
        return not self._asked <= self.known.keys()

    def settle(self, seconds: float) -> None:
        """Wait until every name is known, or for so many seconds."""
        end = time.monotonic() + seconds
        while self.pending() and (left := end - time.monotonic()) > 0:
            select.select([self._read], [], [], left)
            self.take()

    def _start(self, name: str) -> None:
        from threading import Thread  # slow to import, and literal addresses do without

        Thread(target=self._ask, args=(name,), daemon=True).start()

    def _ask(self, name: str) -> None:
        self.known[name] = _look_up(name, self._family)
        os.write(self._write, b"!")


def _look_up(name: str, family: int) -> tuple[str, ...]:
    try:
        found = [] if _is_number(name) else socket.getaddrinfo(name, None, family, _UDP)
    except (OSError, ValueError):  # not found, or no host name at all
        return ()
    texts = (str(entry[4][0]) for entry in found)
    return tuple(dict.fromkeys(literal(text) or text for text in texts))


def _is_number(name: str) -> bool:
    try:
        socket.inet_aton(name)
    except OSError:
        return False
    return True
