"""How often each survivor is answered, on a clock made of numbers."""

from __future__ import annotations

import pytest

from fence_kdump_send.allowance import Allowances

ONE, TWO = b"\x0a\0\0\1", b"\x0a\0\0\2"


def allowances(*addresses: bytes) -> Allowances:
    made = Allowances()
    for address in addresses:
        made.add(address, 0.0)
    return made


def spent(made: Allowances, address: bytes, now: float, tries: int = 1000) -> int:
    return sum(made.spend(address, now) for _ in range(tries))


def test_many_agents_on_one_host_ask_at_once() -> None:
    assert spent(allowances(ONE), ONE, 0.0) >= 64


def test_one_that_asks_without_end_is_shut_out_and_let_in_again() -> None:
    made = allowances(ONE, TWO)
    assert made.opens == float("inf")
    spent(made, ONE, 5.0)
    assert made.open(5.0) == [TWO]
    assert made.opens == 6.0
    assert made.open(5.9) == [TWO]
    assert made.open(6.0) == [ONE, TWO]
    assert 1 <= spent(made, ONE, 6.0) <= 16


def test_one_address_cannot_use_up_another_s() -> None:
    made = allowances(ONE, TWO)
    before = spent(allowances(ONE, TWO), TWO, 0.0)
    spent(made, ONE, 0.0)
    assert spent(made, TWO, 0.0) == before


@pytest.mark.parametrize("number", [1, 16, 64, 256, 1000])
def test_all_together_are_bounded(number: int) -> None:
    """However many ask, after what they had saved up: about 256 a second, and one for each."""
    addresses = [index.to_bytes(4, "big") for index in range(number)]
    made = allowances(*addresses)
    for address in addresses:
        spent(made, address, 0.0)
    answers = sum(
        spent(made, address, 100.0 + second) for second in (0, 1) for address in addresses
    )
    saved_up = 8 * max(number, min(16 * number, 256))
    assert answers <= saved_up + max(number, 256)


def test_only_survivors_are_known() -> None:
    assert allowances(ONE).knows(ONE)
    assert not allowances(ONE).knows(TWO)
