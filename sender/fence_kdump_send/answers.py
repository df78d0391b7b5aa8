"""Answers to challenges: the proof for a survivor that this node runs its crash kernel now.

docs/protocol.md specifies it. Nothing here may delay a message: answers come after the messages, a
few at a time. A failure is reported once. This module is imported after the first messages were
sent.
"""

from __future__ import annotations

import _socket

from fence_kdump_protocol import DecodeError
from fence_kdump_protocol.dialogue import CHALLENGE_LENGTH, decode_challenge, encode_response
from fence_kdump_protocol.keys import BadKey, parse
from fence_kdump_send.allowance import Allowances
from fence_kdump_send.bpf import attach

__all__ = ["Answers", "CannotAnswer"]

_AT_ONCE = 16  # answers before other work gets its turn


class CannotAnswer(ValueError):
    """This node cannot prove its identity; the text says why."""


class Answers:
    """The key, the sockets on which challenges arrive, and the survivors that are answered.

    key_file -- path of the file with this node's key
    name -- of this node, as in corosync.conf
    """

    def __init__(self, key_file: str, name: str) -> None:
        """Raises CannotAnswer."""
        self._name = name.encode("utf-8", "surrogateescape")
        try:
            with open(key_file, "rb") as file:
                self._key = parse(file.read(4096))
            encode_response(bytes(16), self._name, self._key)
        except OSError as error:
            raise CannotAnswer(f"{key_file}: {error.strerror}") from error
        except BadKey as error:
            raise CannotAnswer(f"{key_file}: {error}") from error
        except ValueError as error:
            raise CannotAnswer(f"--node '{name}': {error}") from error
        self._allowances = Allowances()
        self._sockets: dict[int, _socket.socket] = {}

    def add_socket(self, sock: _socket.socket, now: float) -> None:
        """Answer the challenges that arrive on this socket; see `sockets.open_socket`."""
        self._sockets[sock.family] = sock
        self._filter(sock.family, now)

    def add_survivor(self, family: int, address: str, now: float) -> None:
        """Answer this address, which is given as text."""
        self._allowances.add(_pack(family, address), now)
        self._filter(family, now)

    @property
    def due(self) -> float:
        """When `look` must be called, even if no challenge arrives."""
        return self._allowances.opens

    def look(self, now: float) -> None:
        """Answer some of the waiting challenges."""
        if self._allowances.opens <= now:
            for family in self._sockets:
                self._filter(family, now)
        for family, sock in self._sockets.items():
            self._look_at(family, sock, now)

    def _look_at(self, family: int, sock: _socket.socket, now: float) -> None:
        shut = self._allowances.opens
        for _ in range(_AT_ONCE):
            try:
                data, ancillary, _, peer = sock.recvmsg(CHALLENGE_LENGTH + 1, 64)
            except OSError:  # none is waiting
                break
            address = _pack(family, peer[0])
            if not self._allowances.knows(address):
                continue
            try:
                nonce = decode_challenge(data)
            except DecodeError:
                continue
            if self._allowances.spend(address, now):
                response = encode_response(nonce, self._name, self._key)
                _send(sock, response, ancillary, peer)
        if self._allowances.opens != shut:
            self._filter(family, now)

    def _filter(self, family: int, now: float) -> None:
        size = 4 if family == _socket.AF_INET else 16
        if family in self._sockets:
            survivors = [a for a in self._allowances.open(now) if len(a) == size]
            try:
                attach(self._sockets[family], survivors)
            except OSError:  # then this module ignores what the filter would reject
                pass


def _send(
    sock: _socket.socket,
    data: bytes,
    ancillary: list[tuple[int, int, bytes]],
    peer: tuple[object, ...],
) -> None:
    """Send from the challenged address, because a survivor's firewall lets in no other one."""
    if not ancillary:  # the address is not known
        return
    level, kind, info = ancillary[0]
    if sock.family == _socket.AF_INET:  # struct in_pktinfo: interface, local address, destination
        info = bytes(4) + info[4:8] + bytes(4)
    else:  # struct in6_pktinfo: address, interface
        info = info[:16] + bytes(4)
    try:
        sock.sendmsg([data], [(level, kind, info)], 0, peer)
    except OSError:  # the survivor asks again in a second
        pass


def _pack(family: int, address: str) -> bytes:
    return _socket.inet_pton(family, address.partition("%")[0])
