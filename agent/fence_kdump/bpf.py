"""Classic BPF programs: the kernel lets only messages that may count into a socket's buffer.

So a flood of other datagrams neither fills the buffer nor costs a wake-up. User space checks again
what passes, with one exception that only a filter can detect: what this host sends to itself. Every
user of the host can send from any IPv6 address (IPV6_FREEBIND). IPV6_PKTINFO then has the device to
which the destination belongs, not `lo`. The host's own copy of a multicast does not arrive by `lo`.

Instructions are tuples (code, jump if true, jump if false, constant), as struct sock_filter of
linux/filter.h; the codes are those of linux/bpf_common.h.
"""

from __future__ import annotations

from array import array
from socket import AF_INET, SOL_SOCKET

from fence_kdump_protocol import MAGIC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    Instruction = tuple[int, int, int, int]

__all__ = ["MOST_INSTRUCTIONS", "attach", "doorstep", "program", "responses"]

MOST_INSTRUCTIONS = 4096  # BPF_MAXINSNS

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h; Python has no name for it
_UDP_HEADER = 8  # in a UDP socket's filter, what comes before the payload

_LOAD_BYTE_ABSOLUTE = 0x30  # BPF_LD | BPF_B | BPF_ABS
_LOAD_HALF_ABSOLUTE = 0x28  # BPF_LD | BPF_H | BPF_ABS
_LOAD_WORD_ABSOLUTE = 0x20  # BPF_LD | BPF_W | BPF_ABS
_LOAD_WORD_AT_X = 0x40  # BPF_LD | BPF_W | BPF_IND
_LOAD_HALF_AT_X = 0x48  # BPF_LD | BPF_H | BPF_IND
_X_CONSTANT = 0x01  # BPF_LDX | BPF_IMM
_X_HEADER_LENGTH = 0xB1  # BPF_LDX | BPF_B | BPF_MSH: 4 * (byte & 15), an IPv4 header's length
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_IF_ANY = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF: offsets from the IP header, wherever the data starts
_SOURCE = {4: _NETWORK_HEADER + 12, 16: _NETWORK_HEADER + 8}  # where IPv4 and IPv6 have it

_DEVICE = 0xFFFFF008  # SKF_AD_OFF + SKF_AD_IFINDEX
_KIND = 0xFFFFF004  # SKF_AD_OFF + SKF_AD_PKTTYPE
_LOOPBACK_DEVICE = 1  # LOOPBACK_IFINDEX, in every network namespace
_LOOPED_BACK = 5  # PACKET_LOOPBACK: a multicast's or a broadcast's own copy

_UDP = 17
_FRAGMENT = 0x3FFF  # "more fragments", and the offset (RFC 791)

_ACCEPT = (_RETURN, 0, 0, 0xFFFFFFFF)
_REJECT = (_RETURN, 0, 0, 0)

_MAGICS = (MAGIC, int.from_bytes(MAGIC.to_bytes(4, "little"), "big"))


def program(
    family: int, raw: bool, port: int, sources: Sequence[bytes], wanted: bool = True
) -> list[Instruction]:
    """A filter for datagrams that begin with the magic, in either byte order.

    It rejects what this host sent to itself, unless the source is a loopback address.

    family -- AF_INET or AF_INET6
    raw -- for a raw socket (sees all UDP, IPv4 with its header), else for a UDP socket
    port -- the destination port
    sources -- packed addresses of that family
    wanted -- let through what comes from `sources`, or, if False, what comes from elsewhere

    If there are too many sources for one program, it lets through any source.
    """
    udp = (_X_HEADER_LENGTH if raw and family == AF_INET else _X_CONSTANT, 0, 0, 0)
    return _program([*_from_elsewhere(family), udp], port, sources, wanted)


def doorstep(family: int, port: int, sources: Sequence[bytes]) -> list[Instruction]:
    """The same for a packet(7) socket without link-layer headers, only from `sources`.

    It rejects fragments, and IPv6 with extension headers.
    """
    if family == AF_INET:
        udp = [
            (_LOAD_BYTE_ABSOLUTE, 0, 0, 9),
            (_JUMP_EQUAL, 0, 2, _UDP),
            (_LOAD_HALF_ABSOLUTE, 0, 0, 6),
            (_JUMP_IF_ANY, 0, 1, _FRAGMENT),
            _REJECT,
            (_X_HEADER_LENGTH, 0, 0, 0),
        ]
    else:
        udp = [
            (_LOAD_BYTE_ABSOLUTE, 0, 0, 6),
            (_JUMP_EQUAL, 1, 0, _UDP),
            _REJECT,
            (_X_CONSTANT, 0, 0, 40),
        ]
    return _program([*_from_elsewhere(family), *udp], port, sources)


def _program(
    start: Sequence[Instruction], port: int, sources: Sequence[bytes], wanted: bool = True
) -> list[Instruction]:
    """`start` loads into X the offset at which the UDP header begins."""
    head = [
        *start,
        (_LOAD_HALF_AT_X, 0, 0, 2),
        (_JUMP_EQUAL, 1, 0, port),
        _REJECT,
        (_LOAD_WORD_AT_X, 0, 0, 8),
        (_JUMP_EQUAL, 2, 0, _MAGICS[0]),
        (_JUMP_EQUAL, 1, 0, _MAGICS[1]),
        _REJECT,
    ]
    found, missed = (_ACCEPT, _REJECT) if wanted else (_REJECT, _ACCEPT)
    body = [instruction for source in sources for instruction in _compare(source, found)]
    if len(head) + len(body) + 1 > MOST_INSTRUCTIONS:
        return [*head, _ACCEPT]
    return [*head, *body, missed]


def responses(challenge: bytes) -> list[Instruction]:
    """A filter for a UDP socket: only answers to a challenge, which repeat it with kind 2."""
    words = [(6 + i, int.from_bytes(challenge[6 + i : 10 + i], "big")) for i in range(0, 16, 4)]
    checks = [
        (_LOAD_WORD_ABSOLUTE, 0, int.from_bytes(challenge[:4], "big")),
        (_LOAD_BYTE_ABSOLUTE, 4, 2),
        *((_LOAD_WORD_ABSOLUTE, offset, word) for offset, word in words),
    ]
    program: list[Instruction] = []
    for load, offset, value in checks:
        program += [(load, 0, 0, _UDP_HEADER + offset), (_JUMP_EQUAL, 1, 0, value), _REJECT]
    return [*program, _ACCEPT]


def attach(sock: socket, program: Sequence[Instruction]) -> None:
    """Make a socket accept only what a program accepts. Raises OSError."""
    code = array("B")
    for operation, if_true, if_false, constant in program:  # struct sock_filter: u16, u8, u8, u32
        code.frombytes(array("H", [operation]).tobytes() + bytes((if_true, if_false)))
        code.frombytes(array("I", [constant]).tobytes())
    address, _ = code.buffer_info()
    head = array("H", [len(program), 0, 0, 0]).tobytes()
    pointer = array("Q", [address]).tobytes()  # struct sock_fprog: u16, padding, pointer
    sock.setsockopt(SOL_SOCKET, _SO_ATTACH_FILTER, head + pointer)


def _from_elsewhere(family: int) -> list[Instruction]:
    """Reject what this host sent to itself, unless the source is a loopback address."""
    if family == AF_INET:
        loopback = [
            (_LOAD_WORD_ABSOLUTE, 0, 0, _SOURCE[4]),
            (_AND, 0, 0, 0xFF000000),
            (_JUMP_EQUAL, 1, 0, 0x7F000000),  # 127.0.0.0/8
        ]
    else:
        loopback = []
        for number, word in enumerate((0, 0, 0, 1)):  # ::1
            loopback.append((_LOAD_WORD_ABSOLUTE, 0, 0, _SOURCE[16] + 4 * number))
            to_the_reject = 2 * (3 - number)
            loopback.append((_JUMP_EQUAL, int(number == 3), to_the_reject, word))
    return [
        (_LOAD_WORD_ABSOLUTE, 0, 0, _DEVICE),
        (_JUMP_EQUAL, 2, 0, _LOOPBACK_DEVICE),
        (_LOAD_WORD_ABSOLUTE, 0, 0, _KIND),
        (_JUMP_EQUAL, 0, len(loopback) + 1, _LOOPED_BACK),
        *loopback,
        _REJECT,
    ]


def _compare(source: bytes, verdict: Instruction) -> list[Instruction]:
    words = [int.from_bytes(source[i : i + 4], "big") for i in range(0, len(source), 4)]
    instructions: list[Instruction] = []
    for number, word in enumerate(words):
        to_the_next_source = 2 * (len(words) - number) - 1
        offset = _SOURCE[len(source)] + 4 * number
        instructions.append((_LOAD_WORD_ABSOLUTE, 0, 0, offset))
        instructions.append((_JUMP_EQUAL, 0, to_the_next_source, word))
    return [*instructions, verdict]
