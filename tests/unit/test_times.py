"""Times as administrators write them."""

from __future__ import annotations

import pytest

from fence_kdump_protocol.times import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60", 60),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("10s", 10),
        ("10 s", 10),
        (" 60Sec ", 60),
        ("2minutes", 120),
        ("2m", 120),
        ("1h", 3600),
        ("1 HR", 3600),
        ("1500ms", 1.5),
        ("1500 msec", 1.5),
        ("500000us", 0.5),
        ("1.5m", 90),
    ],
)
def test_times(text: str, expected: float) -> None:
    found = seconds(text)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    "text", ["", " ", "s", ".", "1.2.3", "-1", "+1", "1e3", "10x", "ten", "1,5", "0x10", "nan"]
)
def test_no_times(text: str) -> None:
    assert seconds(text) is None
