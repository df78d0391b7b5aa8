"""The loop: listen until a message counts or the time is up. No printing, no exiting."""

from __future__ import annotations

import select
import socket
import time
from collections import namedtuple

from fence_kdump.datagram import BadDatagram, Datagram
from fence_kdump.expect import Question, expect, owners
from fence_kdump.inlet import CannotListen, Inlet, NoSuchFamily, open_inlet, open_lookout
from fence_kdump.options import Options
from fence_kdump.own import own_addresses
from fence_kdump_cluster.addresses import family_of, pack
from fence_kdump_cluster.resolve import Resolver
from fence_kdump_protocol import DecodeError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FAMILIES", "PATIENCE", "Heard", "NobodyToExpect", "TimedOut", "wait"]

FAMILIES = {
    "auto": (socket.AF_INET, socket.AF_INET6),
    "ipv4": (socket.AF_INET,),
    "ipv6": (socket.AF_INET6,),
}
PATIENCE = 1.0  # seconds to wait for names before going on with those that are known
AGAIN = 1.0  # seconds until a name is looked up again after that failed
MOST_REASONS = 8
MOST_STRANGERS = 256  # datagrams looked at for the time-out line: a flood costs no more than that


class NobodyToExpect(ValueError):
    """No address is left from which a message would count."""


class Heard(namedtuple("Heard", "name source inlet")):
    """A message came from an expected address.

    name -- by which the address was expected
    source -- packed address
    inlet -- "bound" or "raw"
    """

    __slots__ = ()

    name: str
    source: bytes
    inlet: str


class TimedOut(namedtuple("TimedOut", "expected datagrams reasons strangers nodes unknown blind")):
    """No message counted.

    expected -- dict of packed address -> name
    datagrams -- how many came to the port; None where that could not be counted
    reasons -- dict: why those from expected addresses did not count -> how many
    strangers -- dict: packed source of valid messages from elsewhere -> how many
    nodes -- dict of packed address -> name of the node that corosync.conf gives it to
    unknown -- dict of name -> why it could not be looked up
    blind -- why strangers could not be looked for, "" if they could
    """

    __slots__ = ()

    expected: dict[bytes, str]
    datagrams: int | None
    reasons: dict[str, int]
    strangers: dict[bytes, int]
    nodes: dict[bytes, str]
    unknown: dict[str, str]
    blind: str


def wait(
    question: Question,
    options: Options,
    report: Callable[[str], None],
    listening: Callable[[dict[bytes, str]], None] = lambda _: None,
) -> Heard | TimedOut:
    """Wait for a message from the node that is to be fenced.

    question -- who that is
    options -- its family, ipport and timeout
    report -- called with one-line texts: warnings
    listening -- called once the sockets are open, with packed address -> name of what counts

    Raises NobodyToExpect and CannotListen.
    """
    end = time.monotonic() + options.timeout
    resolver = Resolver(question.names(), again=AGAIN)
    # What comes while names are still looked up waits in the sockets until it can be judged.
    watch = _Watch(question, resolver, options, report)
    try:
        resolver.settle(min(PATIENCE, options.timeout))
        watch.expect_known()
        listening(watch.expected)
        while (left := end - time.monotonic()) > 0:
            for inlet in watch.ready(left):
                heard = watch.read(inlet, end)
                if heard:
                    return heard
        return watch.time_out()
    finally:
        watch.close()


class _Watch:
    """The sockets, whom they expect, and what did not count so far.

    expected -- dict of packed address -> the name by which it is expected
    """

    def __init__(
        self,
        question: Question,
        resolver: Resolver,
        options: Options,
        report: Callable[[str], None],
    ) -> None:
        self._question = question
        self._resolver = resolver
        self._families = FAMILIES[options.family]
        self._port = options.ipport
        self._report = report
        self._warned: set[str] = set()
        self.expected: dict[bytes, str] = {}
        self._inlets: dict[int, Inlet] = {}
        self._deaf: dict[int, str] = {}
        self._lookouts: dict[int, Inlet] = {}
        self._blind = ""
        self._received = 0
        self._reasons: dict[str, int] = {}
        for family in self._families:
            try:
                self._inlets[family] = open_inlet(family, self._port)
            except CannotListen as error:
                self._deaf[family] = str(error)

    def expect_known(self) -> None:
        """Expect the target's addresses as far as its names are known by now."""
        # asked first: whoever answers from now on is judged in the next round
        pending = self._resolver.pending()
        known = self._known()
        own = own_addresses(address for found in known.values() for address in found)
        expectation = expect(self._question, known, own)
        for text in expectation.warnings:
            self._warn(text)
        self.expected = {
            address: name
            for address, name in expectation.addresses.items()
            if family_of(address) in self._families
        }
        if not self.expected and not pending:
            raise NobodyToExpect("no address is left to expect a message from")
        for family in self._families:
            self._listen(family, pending)
        for family in FAMILIES["auto"]:
            self._look_out(family)

    def ready(self, seconds: float) -> list[Inlet]:
        """Wait for datagrams, at most so long; where a name became known, expect its addresses."""
        poll = select.poll()
        for inlet in self._inlets.values():
            poll.register(inlet.fileno(), select.POLLIN)
        poll.register(self._resolver.fileno(), select.POLLIN)
        events = {fd for fd, _ in poll.poll(seconds * 1000)}
        if self._resolver.fileno() in events:
            self._resolver.take()
            self.expect_known()
        return [inlet for inlet in self._inlets.values() if inlet.fileno() in events]

    def read(self, inlet: Inlet, end: float) -> Heard | None:
        """Look at what waits in a socket, until a message counts, nothing is left, or the end."""
        while time.monotonic() < end:
            try:
                datagram = inlet.receive()
                if datagram is None:
                    return None
                if self._counts(datagram):
                    name = self.expected[datagram.source]
                    return Heard(name, datagram.source, "raw" if inlet.raw else "bound")
            except (BadDatagram, DecodeError) as error:
                self._received += 1
                reason = str(error)
                if reason not in self._reasons and len(self._reasons) >= MOST_REASONS:
                    reason = "something else"
                self._reasons[reason] = self._reasons.get(reason, 0) + 1
        return None

    def time_out(self) -> TimedOut:
        """What to tell when no message counted."""
        bound = [inlet for inlet in self._inlets.values() if not inlet.raw]
        datagrams = None
        if len(bound) == len(self._inlets):
            datagrams = self._received + sum(inlet.dropped() for inlet in bound)
        return TimedOut(
            expected=self.expected,
            datagrams=datagrams,
            reasons=self._reasons,
            strangers=self._strangers(),
            nodes=owners(self._question.nodes, self._known()),
            unknown=self._resolver.unknown(),
            blind=self._blind,
        )

    def close(self) -> None:
        """Give the sockets back."""
        for inlet in (*self._inlets.values(), *self._lookouts.values()):
            inlet.close()

    def _counts(self, datagram: Datagram) -> bool:
        """Whether this is a message, and from an expected address. Raises DecodeError."""
        if datagram.port != self._port or datagram.source not in self.expected:
            return False
        decode(datagram.payload)
        return True

    def _warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._report(text)

    def _listen(self, family: int, pending: bool) -> None:
        sources = self._sources(family)
        if family in self._inlets:
            self._inlets[family].filter(sources)
        elif sources:
            if len(sources) == len(self.expected) and not pending:
                raise CannotListen(self._deaf[family])
            self._warn(self._deaf[family])

    def _look_out(self, family: int) -> None:
        if family in self._lookouts:
            self._lookouts[family].filter(self._sources(family), wanted=False)
        elif not self._blind:
            try:
                self._lookouts[family] = open_lookout(family, self._port, self._sources(family))
            except NoSuchFamily:  # nothing can come by it
                pass
            except CannotListen as error:
                self._blind = str(error)

    def _known(self) -> dict[str, list[bytes]]:
        """Name -> packed addresses."""
        answers = self._resolver.known.copy()  # threads add to it
        return {name: [a for a in map(pack, texts) if a] for name, texts in answers.items()}

    def _sources(self, family: int) -> list[bytes]:
        return [address for address in self.expected if family_of(address) == family]

    def _strangers(self) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for lookout in self._lookouts.values():
            for _ in range(MOST_STRANGERS):
                try:
                    datagram = lookout.receive()
                    if datagram is None:
                        break
                    decode(datagram.payload)
                except (BadDatagram, DecodeError):
                    continue
                if datagram.port == self._port and datagram.source not in self.expected:
                    found[datagram.source] = found.get(datagram.source, 0) + 1
        return found
