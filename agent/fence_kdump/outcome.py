"""The results of waiting."""

from __future__ import annotations

from collections import namedtuple

__all__ = ["CannotProve", "Heard", "Missed", "NobodyToExpect", "Stranger", "TimedOut"]


class NobodyToExpect(ValueError):
    """No address is left from which a message would count."""


class CannotProve(ValueError):
    """A proof is required, but none is possible; the text says why."""


class Heard(namedtuple("Heard", "name source inlet doubt", defaults=(None,))):
    """A message came from an expected address, or a proof from anywhere.

    name -- from which the address comes, or the name of the node that proved its identity
    source -- packed address
    inlet -- "bound" or "raw", or "dialogue" for a proof
    doubt -- why the identity of the node is not proven; "" if it is, None if it was not asked for
    """

    __slots__ = ()

    name: str
    source: bytes
    inlet: str
    doubt: str | None


class Stranger(namedtuple("Stranger", "source nodes node family expected")):
    """A message came from an address that does not count.

    source -- packed address
    nodes, node, family, expected -- see `TimedOut`
    """

    __slots__ = ()

    source: bytes
    nodes: dict[bytes, str]
    node: str
    family: str
    expected: dict[bytes, str]


class Missed(namedtuple("Missed", "number device by_path")):
    """Messages from expected addresses reached this host, but not the port.

    number -- how many were seen
    device -- on which the last one arrived
    by_path -- whether the reverse path filter dropped packets during that time
    """

    __slots__ = ()

    number: int
    device: str
    by_path: bool


class TimedOut(
    namedtuple(
        "TimedOut",
        "expected datagrams reasons strangers nodes unknown blind node family proof missed",
    )
):
    """No message counted.

    expected -- dict of packed address -> name
    datagrams -- how many came to the port; None if they could not be counted
    reasons -- dict: why those from expected addresses did not count -> how many
    strangers -- dict: packed source of valid messages from other addresses -> how many
    nodes -- dict of packed address -> name of the node that corosync.conf or the CIB gives it to
    unknown -- dict of name -> why it could not be looked up
    blind -- why strangers could not be looked for, "" if they could
    node -- name of the target node, "" if it is not known
    family -- the option: "auto", "ipv4" or "ipv6"
    proof -- why the node did not prove its identity, "" if it was not asked for
    missed -- messages that this host dropped before the port, None if none are known
    """

    __slots__ = ()

    expected: dict[bytes, str]
    datagrams: int | None
    reasons: dict[str, int]
    strangers: dict[bytes, int]
    nodes: dict[bytes, str]
    unknown: dict[str, str]
    blind: str
    node: str
    family: str
    proof: str
    missed: Missed | None
