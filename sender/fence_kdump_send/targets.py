"""The targets: nodes -> addresses, and which of them still need a message."""

from __future__ import annotations

import _socket
import _thread

__all__ = ["FAMILIES", "Lookups", "Node", "Target", "literal"]

FAMILIES = {"auto": _socket.AF_UNSPEC, "ipv4": _socket.AF_INET, "ipv6": _socket.AF_INET6}

TYPE_CHECKING = False  # importing typing takes longer than the rest of the start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # one address: its family, and the argument of sendto
    Address = tuple[int, tuple[object, ...]]


class Target:
    """One address of one node.

    node -- the name as given on the command line
    family -- AF_INET or AF_INET6
    sockaddr -- the argument of sendto
    pending -- whether the message of this round was not sent yet
    told -- whether any message was sent
    trouble -- why the last attempt failed, "" if it did not
    """

    __slots__ = ("family", "node", "pending", "sockaddr", "told", "trouble")

    def __init__(self, node: str, family: int, sockaddr: tuple[object, ...]) -> None:
        self.node = node
        self.family = family
        self.sockaddr = sockaddr
        self.pending = True
        self.told = False
        self.trouble = ""

    def taken(self) -> None:
        """The system accepted the message of this round."""
        self.pending = False
        self.told = True
        self.trouble = ""

    def __str__(self) -> str:
        address = str(self.sockaddr[0])
        return address if address == self.node else f"{self.node} ({address})"


class Node:
    """A node whose name must still be looked up.

    name -- as given on the command line
    asking -- whether a look-up is under way
    trouble -- why the last one failed, "" if none did
    """

    __slots__ = ("asking", "name", "trouble")

    def __init__(self, name: str) -> None:
        self.name = name
        self.asking = False
        self.trouble = ""

    def __str__(self) -> str:
        return self.name


def literal(node: str, port: int, family: int) -> list[Address]:
    """The address of a node that is given as an address; [] if it is given as a name.

    family -- an AF_ constant

    As in the agent and the image helper, an address is what inet_pton(3) accepts. getaddrinfo(3)
    alone would take "3" for 0.0.0.3, and 010.0.0.5 for 8.0.0.5.

    Raises OSError for blanks, and for an address that is not of the family.
    """
    if not node.strip():
        raise OSError(f"'{node}' is not a name or an address")
    kind = _socket.AF_INET6 if ":" in node else _socket.AF_INET
    try:
        _socket.inet_pton(kind, node.partition("%")[0])
        found = _ask(node, port, _socket.AF_UNSPEC, _socket.AI_NUMERICHOST)
    except (OSError, ValueError):
        return []
    if family not in (_socket.AF_UNSPEC, found[0][0]):
        raise OSError(f"'{node}' is not an address of the family that --family selects")
    return found


def _look_up(name: str, port: int, family: int) -> list[Address]:
    if _is_number(name):
        raise OSError("neither a name nor a complete address")
    return _ask(name, port, family)


def _is_number(name: str) -> bool:
    try:
        _socket.inet_aton(name)
    except OSError:
        return False
    return True


def _ask(node: str, port: int, family: int, flags: int = 0) -> list[Address]:
    # As bytes: a str needs the idna codec, which the frozen program does not have.
    name = node.encode("utf-8", "surrogateescape")
    found = _socket.getaddrinfo(name, port, family, _socket.SOCK_DGRAM, 0, flags)
    return [_unmapped(entry[0], entry[4]) for entry in found]


def _unmapped(family: int, sockaddr: tuple[object, ...]) -> Address:
    """An IPv4-mapped IPv6 address becomes the IPv4 address."""
    text = str(sockaddr[0])
    if text.startswith("::ffff:") and "." in text:
        return _socket.AF_INET, (text[len("::ffff:") :], sockaddr[1])
    return family, sockaddr


class Lookups:
    """Looks names up, each in its own thread, so that a slow resolver delays no other target.

    port, family -- as for `literal`
    wake -- called in the thread when an answer has arrived
    """

    __slots__ = ("_answers", "_family", "_port", "_wake")

    def __init__(self, port: int, family: int, wake: Callable[[], None]) -> None:
        self._port = port
        self._family = family
        self._wake = wake
        self._answers: list[tuple[Node, list[Address], str]] = []

    def start(self, node: Node) -> None:
        """Begin a look-up of a node that has none under way."""
        try:
            _thread.start_new_thread(self._run, (node,))
        except RuntimeError:  # no memory for a thread: perhaps next time
            return
        node.asking = True

    def answers(self) -> Iterator[tuple[Node, list[Address], str]]:
        """The look-ups that ended since the last call: node, addresses, and if none, why."""
        while self._answers:
            yield self._answers.pop(0)

    def _run(self, node: Node) -> None:
        found: list[Address] = []
        trouble = ""
        try:
            found = _look_up(node.name, self._port, self._family)
        except OSError as error:
            trouble = error.strerror or str(error)
        except Exception as error:  # above all no memory: without an answer nobody asks again
            trouble = str(error) or type(error).__name__
        self._answers.append((node, found, trouble))
        self._wake()
