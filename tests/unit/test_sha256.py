"""SHA-256 and HMAC against the standard library's."""

from __future__ import annotations

import hashlib
import hmac as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fence_kdump_protocol.sha256 import hmac, sha256

# FIPS 180-4's own examples, and every length at which padding takes another block
TEXTS = [b"abc", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"]
TEXTS += [bytes(range(length)) for length in range(200)]


@pytest.mark.parametrize("text", TEXTS)
def test_sha256(text: bytes) -> None:
    assert sha256(text) == hashlib.sha256(text).digest()


@given(st.binary(max_size=500), st.binary(max_size=500))
def test_hmac(key: bytes, data: bytes) -> None:
    assert hmac(key, data) == standard.new(key, data, "sha256").digest()


def test_hmac_of_rfc_4231() -> None:
    code = hmac(b"Jefe", b"what do ya want for nothing?").hex()
    assert code == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
