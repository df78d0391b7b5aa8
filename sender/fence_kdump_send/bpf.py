"""A classic BPF filter that lets only complete challenges of known survivors into a socket.

Other datagrams cost this program nothing, at any rate. What passes is checked again, so the sender
does not depend on the filter.
"""

from __future__ import annotations

import _socket
from sys import byteorder

from fence_kdump_protocol.dialogue import CHALLENGE_LENGTH

__all__ = ["address_of", "attach"]

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_MOST_INSTRUCTIONS = 4096  # BPF_MAXINSNS

# linux/bpf_common.h
_LOAD_LENGTH = 0x80  # BPF_LD | BPF_W | BPF_LEN
_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_LOAD_HALF = 0x28  # BPF_LD | BPF_H | BPF_ABS
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_UDP_HEADER = 8
_NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF: offsets from the IP header
_SOURCE = {4: _NETWORK_HEADER + 12, 16: _NETWORK_HEADER + 8}
_ACCEPT, _REJECT = (_RETURN, 0, 0, 0xFFFFFFFF), (_RETURN, 0, 0, 0)


def attach(sock: _socket.socket, sources: list[bytes]) -> None:
    """Let only the challenges of these sources into a UDP socket.

    sources -- packed addresses of the socket's family. If there are too many for one program, it
        lets in any source

    Raises OSError.
    """
    code = b"".join(
        operation.to_bytes(2, byteorder) + bytes((if_true, if_false)) + value.to_bytes(4, byteorder)
        for operation, if_true, if_false, value in _program(sources)  # struct sock_filter
    )
    number = len(code) // 8
    # struct sock_fprog: u16, padding, pointer
    program = number.to_bytes(2, byteorder) + bytes(6) + address_of(code).to_bytes(8, byteorder)
    sock.setsockopt(_socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def address_of(data: bytes) -> int:
    """The address of the bytes in memory, in CPython: at the end of the object, before a zero byte.

    The module array has this for its arrays, but needs 0.6 MB of other files in the crash kernel.
    """
    return id(data) + bytes.__basicsize__ - 1


def _program(sources: list[bytes]) -> list[tuple[int, int, int, int]]:
    head = [
        *_unless(_LOAD_LENGTH, 0, _UDP_HEADER + CHALLENGE_LENGTH),
        *_unless(_LOAD_WORD, _UDP_HEADER, int.from_bytes(b"FKX1", "big")),
        *_unless(_LOAD_HALF, _UDP_HEADER + 4, 0x0100),
    ]
    body = []
    for source in sources:
        words = [int.from_bytes(source[i : i + 4], "big") for i in range(0, len(source), 4)]
        for number, word in enumerate(words):
            to_the_next = 2 * (len(words) - number) - 1
            body.append((_LOAD_WORD, 0, 0, _SOURCE[len(source)] + 4 * number))
            body.append((_JUMP_EQUAL, 0, to_the_next, word))
        body.append(_ACCEPT)
    if len(head) + len(body) + 1 > _MOST_INSTRUCTIONS:
        return [*head, _ACCEPT]
    return [*head, *body, _REJECT]


def _unless(load: int, offset: int, value: int) -> list[tuple[int, int, int, int]]:
    return [(load, 0, 0, offset), (_JUMP_EQUAL, 1, 0, value), _REJECT]
