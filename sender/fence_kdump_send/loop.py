"""Sending and waiting: rounds of messages to every target."""

from __future__ import annotations

import _socket
import posix
import select
import time

from fence_kdump_protocol import encode
from fence_kdump_send.console import in_crash_kernel, say
from fence_kdump_send.options import Options
from fence_kdump_send.routes import Reachability
from fence_kdump_send.schedule import Schedule
from fence_kdump_send.sockets import listen_to_routes, open_socket, source_of
from fence_kdump_send.targets import FAMILIES, Lookups, Node, Target, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fence_kdump_send.answers import Answers
    from fence_kdump_send.targets import Address

__all__ = ["run"]

RETRY = 0.5  # seconds; for changes without an event: a resolver, a full buffer, a firewall
LONGEST_WAIT = 3600.0  # seconds; poll(2) counts milliseconds in an int
SETTLE = 0.005  # seconds; rtnetlink sends bursts


def run(options: Options) -> int:
    """Send messages to the nodes in as many rounds as the options say; with a count of 0, for ever.

    An address that did not get the message of the last round is tried until the interval of this
    round is over. A name without an answer is tried until its look-up ends. The time-out of the
    resolver bounds that, as in the C program, which looks names up before it sends.

    Returns the exit status, as the C program's: 0, or 1 if no node has an address.
    """
    sender = _Sender(options)
    for node in options.nodes:
        sender.add(node)
    if not sender.targets and not sender.names:
        return 1
    schedule = Schedule(options.interval, options.fast_start, time.monotonic(), options.count)
    while True:
        if options.crash_only and not in_crash_kernel():
            say("this is not a crash kernel: no message is sent")
            return 0
        now = time.monotonic()
        if schedule.begin_round(now):
            sender.begin_round()
        sender.send_pending()
        sender.answer()
        sender.look_up_names()
        is_over = schedule.is_over(now)
        if (schedule.is_last and sender.is_done()) or (is_over and not sender.is_curious()):
            sender.give_up()
            return 0 if sender.targets else 1
        if sender.wait(now + RETRY if is_over else schedule.due):
            schedule.start_anew(time.monotonic())


class _Sender:
    """The targets, the sockets to reach them, and the events to wait for."""

    def __init__(self, options: Options) -> None:
        self.targets: list[Target] = []
        self.names: list[Node] = []
        self._options = options
        self._family = FAMILIES[options.family]
        self._message = encode()
        self._sockets: dict[int, _socket.socket] = {}
        self._takes_key = bool(options.key)
        self._answers: Answers | None = None
        self._reachability = Reachability()
        self._has_source = False
        self._retry_at = 0.0
        self._wake_read, self._wake_write = posix.pipe()
        posix.set_blocking(self._wake_read, False)
        self._lookups = Lookups(options.port, self._family, self._wake)
        self._netlink = listen_to_routes()
        self._poll = select.poll()
        self._poll.register(self._wake_read, select.POLLIN)
        if self._netlink:
            self._poll.register(self._netlink.fileno(), select.POLLIN)

    def add(self, node: str) -> None:
        """Add a node, by name or address."""
        try:
            found = literal(node, self._options.port, self._family)
        except OSError as error:
            say(f"{error}: it is ignored")
            return
        if found:
            self._add_addresses(node, found)
        else:
            self.names.append(Node(node))

    def begin_round(self) -> None:
        """Begin a round: every address needs one more message."""
        for target in self.targets:
            target.pending = True

    def send_pending(self) -> None:
        """Try every address that did not get the message of this round yet.

        Lines are printed after all messages: for the first message to each address, and each
        change.
        """
        lines = []
        self._has_source = False
        for target in self.targets:
            if not target.pending:
                continue
            trouble = self._send(target)
            if trouble:
                if trouble != target.trouble:
                    lines.append(f"{target}: {trouble}, trying again")
                target.trouble = trouble
            else:
                if target.trouble or not target.told or self._options.verbose:
                    lines.append(f"{target}: message sent")
                target.taken()
        for line in lines:
            say(line)

    def _send(self, target: Target) -> str:
        """Send a message to one address. Returns why that is not possible, "" if it is."""
        try:
            sock = self._socket_of(target.family)
            if target.family == _socket.AF_INET and not self._has_source:
                source = source_of(target.sockaddr)
                if source == "0.0.0.0":  # noqa: S104
                    return "no source address"
                # one is enough: where a NIC has no address, the kernel takes that of another
                self._has_source = bool(source)
            sock.sendto(self._message, target.sockaddr)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def answer(self) -> None:
        """Answer some of the waiting challenges, if there is a key.

        If anything goes wrong here, the messages go on.
        """
        try:
            if self._takes_key:
                self._takes_key = False
                self._take_key()
            if self._answers:
                self._answers.look(time.monotonic())
        except Exception as error:
            say(f"cannot answer challenges: {error or type(error).__name__}")
            self._answers = None
            for sock in self._sockets.values():
                self._poll.modify(sock.fileno(), 0)

    def look_up_names(self) -> None:
        """Look up the names that have no address yet, unless a look-up is under way."""
        now = time.monotonic()
        if self.names and now >= self._retry_at:
            self._retry_at = now + RETRY
            for node in self.names:
                if not node.asking:
                    self._lookups.start(node)

    def is_done(self) -> bool:
        """Whether every address of every node got the message of this round."""
        return not self.names and not any(target.pending for target in self.targets)

    def is_curious(self) -> bool:
        """Whether the first look-up of a name is still under way."""
        return any(node.asking and not node.trouble for node in self.names)

    def give_up(self) -> None:
        """Print the addresses that did not get the message of the last round."""
        for lost in [*(target for target in self.targets if target.pending), *self.names]:
            say(f"{lost}: the last message was not sent, giving up")

    def wait(self, due: float) -> bool:
        """Wait for the next round at `due`, the next retry, or an event.

        Returns whether a link or a neighbour became reachable.
        """
        if self._answers:
            due = min(due, self._answers.due)
        longest = LONGEST_WAIT if self.is_done() else RETRY
        seconds = max(0.0, min(due - time.monotonic(), longest))
        ready = self._poll.poll(seconds * 1000)
        came_up = False
        for fd, _ in ready:
            if fd == self._wake_read:
                self._take_lookups()
            elif self._netlink and fd == self._netlink.fileno():
                came_up = self._take_changes(self._netlink)
        return came_up

    def _wake(self) -> None:
        posix.write(self._wake_write, b"!")

    def _take_lookups(self) -> None:
        posix.read(self._wake_read, 4096)
        for node, found, trouble in self._lookups.answers():
            node.asking = False
            if found:
                self.names.remove(node)
                self._add_addresses(node.name, found)
            elif trouble != node.trouble:
                say(f"{node}: {trouble}, trying again")
                node.trouble = trouble

    def _take_changes(self, netlink: _socket.socket) -> bool:
        time.sleep(SETTLE)
        came_up = False
        while True:
            try:
                came_up |= self._reachability.feed(netlink.recv(65536))
            except BlockingIOError:
                break
            except OSError:  # ENOBUFS: more changed than the socket could hold
                self._reachability = Reachability()
                came_up = True
        self._retry_at = 0.0
        return came_up

    def _add_addresses(self, node: str, found: list[Address]) -> None:
        known = {target.sockaddr for target in self.targets}
        for family, sockaddr in found:
            if sockaddr not in known:
                known.add(sockaddr)
                self.targets.append(Target(node, family, sockaddr))
                if self._answers:
                    self._answers.add_survivor(family, str(sockaddr[0]), time.monotonic())

    def _socket_of(self, family: int) -> _socket.socket:
        if family not in self._sockets:
            port = self._options.port if self._options.key else 0
            sock = self._sockets[family] = open_socket(family, port)
            self._poll.register(sock.fileno(), select.POLLIN if self._answers else 0)
            if self._answers:
                self._answers.add_socket(sock, time.monotonic())
        return self._sockets[family]

    def _take_key(self) -> None:
        # imported only after the first messages were sent
        from fence_kdump_send.answers import Answers

        now = time.monotonic()
        answers = Answers(self._options.key, self._options.node)
        for target in self.targets:
            answers.add_survivor(target.family, str(target.sockaddr[0]), now)
        for sock in self._sockets.values():
            answers.add_socket(sock, now)
            self._poll.modify(sock.fileno(), select.POLLIN)
        self._answers = answers
