"""Names -> addresses by the system's resolver, many at the same time, in threads.

The name service may be broken while a cluster fences or an image is built. A resolver that hangs
must not delay other names, and must not delay the caller longer than the caller wants. The number
of threads is bounded, because a cluster may have thousands of remote nodes.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections import deque

from fence_kdump_cluster.addresses import literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Resolver"]

_NO_SUCH_HOST = (
    socket.EAI_NONAME,
    socket.EAI_NODATA,
)  # gai_strerror(3); other errors may be temporary
_MOST_THREADS = 200
_UDP = socket.SOCK_DGRAM  # one entry for each address, not one for each kind of socket


class Resolver:
    """Looks names up and remembers the answers.

    known -- name -> tuple of its addresses in the form of `addresses.literal`, () if there is no
        such host. A literal address is known at once. A name is known when its answer has arrived;
        a name service that fails gives no answer. A number that only inet_aton(3) takes for an
        address is no host
    """

    def __init__(
        self, names: Iterable[str], family: int = socket.AF_UNSPEC, again: float = 0.0
    ) -> None:
        """Start looking up.

        names -- host names and literal addresses, the most important ones first
        family -- AF_UNSPEC, AF_INET or AF_INET6: which addresses of a name count
        again -- seconds after which a failed look-up is tried again, 0 for never
        """
        self.known: dict[str, tuple[str, ...]] = {}
        self._failed: dict[str, str] = {}
        self._again = again
        self._family = family
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        self._asked: set[str] = set()
        self._waiting: deque[str] = deque()
        for name in dict.fromkeys(names):
            address = literal(name)
            if address:
                self.known[name] = (address,)
            else:
                self._asked.add(name)
                self._waiting.append(name)
        for _ in range(min(len(self._waiting), _MOST_THREADS)):
            self._start()

    def fileno(self) -> int:
        """A descriptor that becomes readable when an answer has arrived."""
        return self._read

    def take(self) -> None:
        """Mark the answers so far as seen: `fileno` becomes readable at the next one."""
        try:
            os.read(self._read, 4096)
        except BlockingIOError:
            pass

    def pending(self) -> bool:
        """Whether an answer is missing, even if the look-up failed so far."""
        return not self._asked <= self.known.keys()

    def unknown(self) -> dict[str, str]:
        """The names without an answer, and why: name -> one-line text."""
        unknown = sorted(self._asked - self.known.keys())
        return {name: self._failed.get(name, "no answer yet") for name in unknown}

    def settle(self, seconds: float) -> None:
        """Wait until every name is known or its look-up has failed, but not longer than this."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if all(name in self.known or name in self._failed for name in self._asked):
                return
            select.select([self._read], [], [], left)
            self.take()

    def _start(self) -> None:
        from threading import Thread  # slow to import, and not needed for literal addresses

        Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                name = self._waiting.popleft()
            except IndexError:
                return
            try:
                self.known[name] = _look_up(name, self._family)
            except Exception as error:  # whatever it is, it says nothing about the name
                self._failed[name] = getattr(error, "strerror", None) or type(error).__name__
            os.write(self._write, b"!")
            if name not in self.known and self._again:
                time.sleep(self._again)
                self._waiting.append(name)


def _look_up(name: str, family: int) -> tuple[str, ...]:
    """Look a name up. Raises every error that does not mean "no such host"."""
    try:
        found = [] if _is_number(name) else socket.getaddrinfo(name, None, family, _UDP)
    except ValueError:  # not a host name at all
        return ()
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_HOST:
            return ()
        raise
    texts = (str(entry[4][0]) for entry in found)
    return tuple(dict.fromkeys(literal(text) or text for text in texts))


def _is_number(name: str) -> bool:
    try:
        socket.inet_aton(name)
    except OSError:
        return False
    return True
