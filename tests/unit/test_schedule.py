"""When rounds are due, on a clock made of numbers."""

from __future__ import annotations

import pytest

from fence_kdump_send.schedule import LEAST_GAP, Schedule


def rounds(schedule: Schedule, until: float) -> list[float]:
    found = []
    while schedule.due <= until:
        now = schedule.due
        assert schedule.begin_round(now)
        found.append(now)
    return found


@pytest.mark.parametrize(
    ("interval", "fast_start", "until", "expected"),
    [
        (10, 0, 35, [0, 10, 20, 30]),
        (0.5, 0, 2, [0, 0.5, 1, 1.5, 2]),
        (10, 3, 25, [0, 1, 2, 3, 13, 23]),
        (0.5, 1, 2, [0, 0.5, 1, 1.5, 2]),
        (1, 60, 3, [0, 1, 2, 3]),
    ],
)
def test_rounds(interval: float, fast_start: float, until: float, expected: list[float]) -> None:
    assert rounds(Schedule(interval, fast_start, 0), until) == expected


def test_no_round_before_it_is_due() -> None:
    schedule = Schedule(10, 0, 100)
    assert not schedule.begin_round(99.9)
    assert schedule.begin_round(100)
    assert not schedule.begin_round(109.9)


def test_missed_rounds_are_not_made_up_for() -> None:
    schedule = Schedule(1, 0, 0)
    assert schedule.begin_round(0)
    assert schedule.begin_round(100.5)
    assert not schedule.begin_round(100.6)
    assert schedule.due == pytest.approx(101.5)


def test_an_event_starts_the_fast_start_anew() -> None:
    schedule = Schedule(10, 2, 0)
    assert rounds(schedule, 12) == [0, 1, 2, 12]
    schedule.start_anew(15)
    assert rounds(schedule, 30) == [15, 16, 17, 27]


def test_a_burst_of_events_is_one_round() -> None:
    schedule = Schedule(10, 2, 0)
    assert schedule.begin_round(0)
    schedule.start_anew(0.001)
    assert schedule.due == LEAST_GAP
    assert not schedule.begin_round(0.002)
    schedule.start_anew(0.003)
    assert schedule.due == LEAST_GAP


def test_without_a_fast_start_events_change_nothing() -> None:
    schedule = Schedule(10, 0, 0)
    assert schedule.begin_round(0)
    schedule.start_anew(3)
    assert schedule.due == 10


def test_no_more_rounds_than_asked_for() -> None:
    schedule = Schedule(10, 2, 0, rounds=4)
    assert rounds(schedule, 2) == [0, 1, 2]
    assert not schedule.is_last
    schedule.start_anew(5)
    assert schedule.begin_round(5)
    assert schedule.is_last
    assert not schedule.is_over(5.9)
    assert schedule.is_over(6)
    assert not schedule.begin_round(6)


def test_an_event_does_not_shorten_the_last_round() -> None:
    schedule = Schedule(10, 2, 0, rounds=1)
    assert schedule.begin_round(0)
    schedule.start_anew(0.5)
    assert not schedule.is_over(0.9)
    assert schedule.is_over(1)


def test_without_a_number_no_round_is_the_last() -> None:
    schedule = Schedule(1, 0, 0)
    assert schedule.begin_round(0)
    assert not schedule.is_last
    assert not schedule.is_over(100)
