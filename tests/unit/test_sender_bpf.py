"""What the sender's kernel filter stands on: where CPython keeps the bytes of an object."""

from __future__ import annotations

import ctypes

import pytest

from fence_kdump_send.bpf import address_of


@pytest.mark.parametrize("length", [1, 8, 9, 1000, 32768])
def test_where_bytes_are(length: int) -> None:
    data = bytes(number % 251 for number in range(length))
    assert ctypes.string_at(address_of(data), length) == data
