"""The stages of a crash, as they are told and as they are kept."""

from __future__ import annotations

from rig.timeline import Timeline


def test_a_moment_is_the_same_wherever_it_is_printed() -> None:
    """Rounded twice, 5.5749 would be 5.575 in the file and 5.58 in the picture drawn from it."""
    told: dict[str, float] = {}
    timeline = Timeline("10.77.0.1", told.__setitem__)
    timeline.reach("panic", 100.0)
    timeline.reach("crash_kernel", 105.57495)
    kept = timeline.seconds()
    assert kept["route_up"] is None
    assert f"{told['crash_kernel']:.2f}" == f"{kept['crash_kernel']:.2f}"
