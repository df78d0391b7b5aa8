"""SHA-256 (FIPS 180-4) and HMAC (RFC 2104), in Python.

The crash kernel has no OpenSSL, and the interpreter that is frozen with the sender may have no
SHA-256: that of RHEL 9 is built with ``--with-builtin-hashlib-hashes=blake2``. A response needs
five blocks, which take a third of a millisecond. The tests compare it with hashlib. It does not run
in constant time, as no Python does. This does not matter, because `keys.is_right` compares in
constant time.
"""

from __future__ import annotations

__all__ = ["hmac", "sha256"]

_BLOCK = 64
_MASK = 0xFFFFFFFF

# The first 32 bits of the fractional parts of the square roots of the first 8 primes.
_START = (
    *(0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A),
    *(0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19),
)
# The same of the cube roots of the first 64 primes.
_ROUNDS = bytes.fromhex(
    "428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5"
    "d807aa9812835b01243185be550c7dc372be5d7480deb1fe9bdc06a7c19bf174"
    "e49b69c1efbe47860fc19dc6240ca1cc2de92c6f4a7484aa5cb0a9dc76f988da"
    "983e5152a831c66db00327c8bf597fc7c6e00bf3d5a7914706ca635114292967"
    "27b70a852e1b21384d2c6dfc53380d13650a7354766a0abb81c2c92e92722c85"
    "a2bfe8a1a81a664bc24b8b70c76c51a3d192e819d6990624f40e3585106aa070"
    "19a4c1161e376c082748774c34b0bcb5391c0cb34ed8aa4a5b9cca4f682e6ff3"
    "748f82ee78a5636f84c878148cc7020890befffaa4506cebbef9a3f7c67178f2"
)


def hmac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 of data, 32 bytes."""
    if len(key) > _BLOCK:
        key = sha256(key)
    key += bytes(_BLOCK - len(key))
    inner = sha256(bytes(byte ^ 0x36 for byte in key) + data)
    return sha256(bytes(byte ^ 0x5C for byte in key) + inner)


def sha256(data: bytes) -> bytes:
    """SHA-256 of data, 32 bytes."""
    bits = 8 * len(data)
    data += b"\x80" + bytes(-(len(data) + 9) % _BLOCK) + bits.to_bytes(8, "big")
    state: tuple[int, ...] = _START
    for place in range(0, len(data), _BLOCK):
        state = _compress(state, data[place : place + _BLOCK])
    return b"".join(word.to_bytes(4, "big") for word in state)


def _compress(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    a, b, c, d, e, f, g, h = state
    for constant, word in zip(_words(_ROUNDS), _schedule(block)):
        # the word twice in a row, so that right shifts are rotations
        aa, ee = a << 32 | a, e << 32 | e
        rise = h + ((ee >> 6 ^ ee >> 11 ^ ee >> 25) & _MASK) + (g ^ e & (f ^ g)) + constant + word
        h, g, f, e = g, f, e, d + rise & _MASK
        fall = ((aa >> 2 ^ aa >> 13 ^ aa >> 22) & _MASK) + (a & (b | c) | b & c)
        d, c, b, a = c, b, a, rise + fall & _MASK
    return tuple(old + new & _MASK for old, new in zip(state, (a, b, c, d, e, f, g, h)))


def _schedule(block: bytes) -> list[int]:
    words = _words(block)
    for place in range(16, 64):
        x, y = words[place - 15], words[place - 2]
        xx, yy = x << 32 | x, y << 32 | y
        small = (xx >> 7 ^ xx >> 18) & _MASK ^ x >> 3
        large = (yy >> 17 ^ yy >> 19) & _MASK ^ y >> 10
        words.append(words[place - 16] + small + words[place - 7] + large & _MASK)
    return words


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[place : place + 4], "big") for place in range(0, len(data), 4)]
