"""Names -> addresses, by this machine's resolver."""

from __future__ import annotations

import pytest

from fence_kdump_image.resolve import look_up


@pytest.mark.parametrize("text", ["3", "010.000.000.005", "10.1", "0x7f.0.0.1", "0", ""])
def test_number_is_no_address(text: str) -> None:
    assert look_up([text]) == {text: ()}


@pytest.mark.parametrize(
    ("text", "address"),
    [("10.0.0.5", "10.0.0.5"), ("FD00::0:1", "fd00::1"), ("::ffff:10.0.0.5", "10.0.0.5")],
)
def test_address_is_its_own_answer(text: str, address: str) -> None:
    assert look_up([text]) == {text: (address,)}


def test_name() -> None:
    assert "127.0.0.1" in look_up(["localhost"], "ipv4")["localhost"]
