"""A challenge and its response, by which a node proves that it runs its crash kernel now.

docs/protocol.md has the reason for every byte.

    challenge   "FKX1"  1  0  nonce[16]  zeros to 320 bytes
    response    "FKX1"  2  N  nonce[16]  key id[8]  name[N]  code[32]

Neither a challenge nor a response begins like a message, so neither is taken for one.
"""

from __future__ import annotations

from fence_kdump_protocol.keys import authenticate, is_right, key_id
from fence_kdump_protocol.message import DecodeError

__all__ = [
    "CHALLENGE_LENGTH",
    "LEAST_RESPONSE",
    "NONCE_LENGTH",
    "Response",
    "decode_challenge",
    "decode_response",
    "encode_challenge",
    "encode_response",
]

CHALLENGE_LENGTH = (
    320  # longer than any response: so a forged challenge cannot be used to amplify traffic
)
NONCE_LENGTH = 16
_CHALLENGE = b"FKX1\x01\0"
_RESPONSE = b"FKX1\x02"
_NONCE = 6  # where these begin
_KEY_ID = _NONCE + NONCE_LENGTH
_NAME = _KEY_ID + 8
_CODE_LENGTH = 32
_LONGEST_NAME = 255
LEAST_RESPONSE = _NAME + 1 + _CODE_LENGTH


class Response:
    """A response as it arrived. `proves` checks whether it is genuine.

    nonce -- of the challenge that it answers
    key_id -- of the key that it was made with
    name -- the node's name, bytes
    """

    __slots__ = ("_code", "_data", "key_id", "name", "nonce")

    def __init__(self, data: bytes) -> None:
        """data -- a whole response that `decode_response` has checked."""
        self.nonce = data[_NONCE:_KEY_ID]
        self.key_id = data[_KEY_ID:_NAME]
        self.name = data[_NAME:-_CODE_LENGTH]
        self._data = data[:-_CODE_LENGTH]
        self._code = data[-_CODE_LENGTH:]

    def proves(self, key: bytes, name: bytes, nonce: bytes) -> bool:
        """Whether the node with this name and key answered the challenge with this nonce.

        The code covers the whole response, so no part of it counts if the code is wrong.
        """
        return is_right(key, self._data, self._code) and (self.name, self.nonce) == (name, nonce)


def encode_challenge(nonce: bytes) -> bytes:
    """The datagram that asks a node to prove itself.

    nonce -- 16 random bytes
    """
    if len(nonce) != NONCE_LENGTH:
        raise ValueError(f"a nonce of {len(nonce)} bytes instead of {NONCE_LENGTH}")
    head = _CHALLENGE + nonce
    return head + bytes(CHALLENGE_LENGTH - len(head))


def decode_challenge(data: bytes) -> bytes:
    """The nonce of a challenge. Raises DecodeError for anything else."""
    if len(data) != CHALLENGE_LENGTH:
        raise DecodeError(f"{len(data)} bytes instead of {CHALLENGE_LENGTH}")
    nonce = data[_NONCE:_KEY_ID]
    if data != encode_challenge(nonce):
        raise DecodeError("not a challenge")
    return nonce


def encode_response(nonce: bytes, name: bytes, key: bytes) -> bytes:
    """The datagram that proves which node this is.

    nonce -- the challenge's
    name -- this node's, 1 to 255 bytes without NUL
    key -- this node's

    Raises ValueError for a name that is not valid.
    """
    if not 1 <= len(name) <= _LONGEST_NAME or b"\0" in name:
        raise ValueError(f"a node name has 1 to {_LONGEST_NAME} bytes and no NUL")
    data = _RESPONSE + bytes([len(name)]) + nonce + key_id(key) + name
    return data + authenticate(key, data)


def decode_response(data: bytes) -> Response:
    """Read a response. Raises DecodeError for anything else.

    A response that can be read proves nothing yet: see `Response.proves`.
    """
    if len(data) < LEAST_RESPONSE:
        raise DecodeError(f"{len(data)} bytes instead of {LEAST_RESPONSE} or more")
    if not data.startswith(_RESPONSE):
        raise DecodeError("not a response")
    if len(data) != _NAME + data[5] + _CODE_LENGTH:
        raise DecodeError(f"{len(data)} bytes with a name of {data[5]}")
    response = Response(data)
    if b"\0" in response.name:
        raise DecodeError("a name with NUL")
    return response
