"""A file that is no text is told in a few short lines."""

from __future__ import annotations

import pytest

from fence_kdump_image.whom.sources import SOURCES, gather

BINARY = bytes(range(256)).decode("utf-8", "surrogateescape") * 400


@pytest.mark.parametrize("path", SOURCES)
@pytest.mark.parametrize(
    "text",
    [
        BINARY,
        "x" * 100000,
        "fence_kdump_args " + "x " * 1000,
        'FENCE_KDUMP_OPTS="' + "y" * 1000 + " -x" * 1000 + '"\n' + "z\n" * 1000,
    ],
)
def test_a_few_short_lines(path: str, text: str) -> None:
    problems = gather({path: text}).problems
    assert len(problems) <= 8
    assert max(map(len, problems), default=0) < 320
    assert not any("\n" in problem for problem in problems)
