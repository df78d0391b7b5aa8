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
    ("-f IPV6", "--family ipv6", ""),
    # not as getopt_long(3) has it, and no doubt about what is meant
    ('"-p 7411 -i 5"', "--ipport 7411 --interval 5", ""),
    ("'-p' '7411' \"node1\"", "--ipport 7411", "node1"),
    ('"-p 7411', "--ipport 7411", ""),
    ("-p=7411", "--ipport 7411", ""),
    ("-p 7411, -i 5,", "--ipport 7411 --interval 5", ""),
    ("-i 10s", "--interval 10", ""),
    ("--interval=500ms", "--interval 0.5", ""),
    ("-i 1m --fast-start 2min", "--interval 60 --fast-start 120", ""),
    ("\u2013p 7411 \u2014interval 5", "--ipport 7411 --interval 5", ""),
    ("\u201c-p 7411\u201d", "--ipport 7411", ""),
    ("node1,node2", "", "node1 node2"),
    ("node1, node2;node3 ,node4", "", "node1 node2 node3 node4"),
]
BAD = [
    ("-p 0 node1", "", "node1", "'0'", "-p 7410"),
    ("-p seven", "", "", "'seven'", "-p 7410"),
    ("-p 7411/udp", "", "", "'7411/udp'", "-p 7410"),
    (f"-p {'9' * 5000}", "", "", "9999", "-p 7410"),
    (f"-c {'9' * 5000}", "", "", "9999", "no count"),
    (f"-i {'9' * 500}", "", "", "9999", "-i 10"),
    ("-f ipx", "", "", "'ipx'", "-f ipv4"),
    ("-i 0 -v", "--verbose", "", "'0'", "-i 10"),
    ("-i often", "", "", "'often'", "-i 10"),
    ("-i 0,5", "", "", "'0,5'", "-i 0.5"),
    ("-c 10 -i 10 node1", "--interval 10", "node1", "listen only later", "no count"),
    ("--count=3", "", "", "'--count=3'", "no count"),
    ("-c -1", "", "", "'-1'", "no count"),
    ("-i", "", "", "no value", "-i 10"),
    ("-x node1", "", "node1", "'-x'", "fence_kdump_send(8)"),
    ("--key /etc/key node1", "", "node1", "'--key'", "no key"),
    ("--node me node1", "", "node1", "'--node'", "no name"),
]


@pytest.mark.parametrize(("text", "words", "nodes"), GOOD)
def test_good(text: str, words: str, nodes: str) -> None:
    options = parse(text)
    assert (options.words, options.nodes) == (tuple(words.split()), tuple(nodes.split()))
    assert not options.problems


@pytest.mark.parametrize(("text", "words", "nodes", "said", "write"), BAD)
def test_bad_is_left_out_and_told(text: str, words: str, nodes: str, said: str, write: str) -> None:
    options = parse(text)
    assert (options.words, options.nodes) == (tuple(words.split()), tuple(nodes.split()))
    assert len(options.problems) == 1
    assert said in options.problems[0]
    assert write in options.problems[0].rpartition("is ignored")[2]


@pytest.mark.parametrize("text", [row[0] for row in (*GOOD, *BAD)])
def test_sender_takes_what_is_left(text: str) -> None:
    options = parse(text)
    assert sender_parse([*options.words, "--", "node1"]).nodes == ["node1"]


def test_count_in_a_script_is_dropped() -> None:
    """It is there for the C program, as kdump waits for it."""
    options = parse("-c 5 -i 1", in_script=True)
    assert (options.words, options.problems) == (("--interval", "1"), ())
