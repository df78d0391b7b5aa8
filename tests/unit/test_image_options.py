"""What an administrator wrote for the sender, and what of it the sender will take."""

from __future__ import annotations

import pytest

from fence_kdump_image.whom.options import parse
from fence_kdump_send.options import parse as sender_parse

GOOD = [
    ("", "", ""),
    ("-p 7411 -f ipv4 -c 0 -i 5", "--ipport 7411 --family ipv4 --interval 5", ""),
    ("-p7411 node1", "--ipport 7411", "node1"),
    ("--ipport=7411 node1 -i 0.5 node2", "--ipport 7411 --interval 0.5", "node1 node2"),
    ("--ip 7411", "--ipport 7411", ""),
    ("-v -v3 --verbose", "--verbose --verbose --verbose", ""),
    ("--fast-start 30", "--fast-start 30", ""),
    ("-- -node", "", "-node"),
    ("-f IPV6", "--family IPV6", ""),
]
BAD = [
    ("-p 0 node1", "", "node1", "'0'"),
    ("-p seven", "", "", "'seven'"),
    ("-f ipx", "", "", "'ipx'"),
    ("-i 0 -v", "--verbose", "", "'0'"),
    ("-c 10 -i 10 node1", "--interval 10", "node1", "listens only later"),
    ("--count=3", "", "", "'--count=3'"),
    ("-c -1", "", "", "'-1'"),
    ("-i", "", "", "no value"),
    ("-x node1", "", "node1", "'-x'"),
    ("--key /etc/key node1", "", "/etc/key node1", "'--key'"),
]


@pytest.mark.parametrize(("text", "words", "nodes"), GOOD)
def test_good(text: str, words: str, nodes: str) -> None:
    options = parse(text.split())
    assert (options.words, options.nodes) == (tuple(words.split()), tuple(nodes.split()))
    assert not options.problems


@pytest.mark.parametrize(("text", "words", "nodes", "said"), BAD)
def test_bad_is_left_out_and_told(text: str, words: str, nodes: str, said: str) -> None:
    options = parse(text.split())
    assert (options.words, options.nodes) == (tuple(words.split()), tuple(nodes.split()))
    assert len(options.problems) == 1
    assert said in options.problems[0]


@pytest.mark.parametrize("text", [row[0] for row in (*GOOD, *BAD)])
def test_sender_takes_what_is_left(text: str) -> None:
    options = parse(text.split())
    assert sender_parse([*options.words, "--", "node1"]).nodes == ["node1"]


def test_count_in_a_script_is_dropped() -> None:
    """It is there for the C program, as kdump waits for it."""
    options = parse(["-c", "5", "-i", "1"], in_script=True)
    assert (options.words, options.problems) == (("--interval", "1"), ())
