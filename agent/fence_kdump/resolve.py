"""Names -> addresses, each name in a thread of its own.

While a cluster fences, its name service may be what is broken: a resolver that hangs must neither
delay the names that others can answer nor outlast the agent's timeout.
"""

from __future__ import annotations

import os
import select
import socket
import time

from fence_kdump.addresses import normalise, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PATIENCE", "Resolver"]

PATIENCE = 1.0  # seconds to wait for answers before going on with those that are there


class Resolver:
    """Looks names up and remembers the answers.

    known -- name -> list of packed addresses, [] if it does not resolve; literal addresses are
        known at once, other names once their answer is there
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.known: dict[str, list[bytes]] = {}
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        self.asked = set()
        for name in dict.fromkeys(names):
            address = pack(name)
            if address is not None:
                self.known[name] = [address]
            else:
                self.asked.add(name)
        for name in sorted(self.asked):
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
        return not self.asked <= self.known.keys()

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
        self.known[name] = _look_up(name)
        os.write(self._write, b"!")


def _look_up(name: str) -> list[bytes]:
    if name.replace(".", "").isdigit():
        return []  # getaddrinfo would take "3" for 0.0.0.3
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return []
    texts = [str(entry[4][0]).partition("%")[0] for entry in found]
    return list(dict.fromkeys(normalise(socket.inet_pton(_family(t), t)) for t in texts))


def _family(text: str) -> int:
    return socket.AF_INET6 if ":" in text else socket.AF_INET
