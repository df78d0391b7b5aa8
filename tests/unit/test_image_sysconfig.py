"""Files of shell assignments, and the sender's call in SUSE's scripts."""

from __future__ import annotations

import pytest

from fence_kdump_image.whom.sysconfig import parse, sender_calls


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# a comment\n\nA=1\n", {"A": "1"}),
        ("A='b c'\nB=\"d e\"\nC=\n", {"A": "b c", "B": "d e", "C": ""}),
        ("export A=x # why\n", {"A": "x"}),
        ("A=1\nA=2\n", {"A": "2"}),
        ('A="b\nc"\nD=e\n', {"A": "b\nc", "D": "e"}),
        ("A='it'\"'\"'s'\n", {"A": "it's"}),
    ],
)
def test_values(text: str, values: dict[str, str]) -> None:
    settings = parse(text)
    assert (dict(settings.values), settings.problems) == (values, ())


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("A=1\nrm -rf /\nB=2\n", {"A": "1", "B": "2"}, "line 2"),
        ("A=$(reboot)\n", {"A": "$(reboot)"}, "without expansion"),
        ("A=`id`\n", {"A": "`id`"}, "without expansion"),
        ("A=b c\n", {"A": "b"}, "outside the quotes"),
        ("B=1\nA='never closed\nC=3\n", {"B": "1"}, "line 2: a quote is not closed"),
    ],
)
def test_what_is_no_plain_assignment_is_told_and_never_run(
    text: str, values: dict[str, str], said: str
) -> None:
    settings = parse(text)
    assert dict(settings.values) == values
    assert said in " ".join(settings.problems)


@pytest.mark.parametrize(
    ("command", "calls"),
    [
        ("", []),
        ("/bin/true node1", []),
        ("/usr/lib/fence_kdump_sender n1", []),
        ("/usr/lib/fence_kdump_send -i 5 n1 n2", ["/usr/lib/fence_kdump_send -i 5 n1 n2"]),
        ("sleep 1; /x/fence_kdump_send n1 && sync", ["/x/fence_kdump_send n1"]),
        ("sleep 1;fence_kdump_send 'n1'&", ["fence_kdump_send n1"]),
        ("/x/fence_kdump_send n1 | logger", ["/x/fence_kdump_send n1"]),
        ("timeout 60 /x/fence_kdump_send n1", ["/x/fence_kdump_send n1"]),
        (
            "/x/fence_kdump_send n1; fence_kdump_send n2",
            ["/x/fence_kdump_send n1", "fence_kdump_send n2"],
        ),
        ("/x/fence_kdump_send >/dev/null n1 2>/tmp/x", ["/x/fence_kdump_send n1"]),
        ("/x/fence_kdump_send n1 > /dev/null 2>&1", ["/x/fence_kdump_send n1"]),
        ("/x/fence_kdump_send 'n1 n2", ["/x/fence_kdump_send n1 n2"]),
    ],
)
def test_calls_of_a_sender(command: str, calls: list[str]) -> None:
    assert sender_calls(command) == [tuple(call.split()) for call in calls]
