"""/etc/kdump.conf as kdump's own scripts read it."""

from __future__ import annotations

import pytest

from fence_kdump_image.whom.kdumpconf import parse


@pytest.mark.parametrize(
    ("text", "nodes", "args"),
    [
        ("", "", ""),
        ("fence_kdump_nodes node1 node2\n", "node1 node2", ""),
        ("  fence_kdump_nodes\tnode1  10.0.0.5  # the others\n", "node1  10.0.0.5", ""),
        ("#fence_kdump_nodes node1\n", "", ""),
        ("fence_kdump_nodes\n", "", ""),
        ("fence_kdump_nodesx node1\n", "", ""),
        # two lists: both are meant; of other options kdump takes the last
        ("fence_kdump_nodes a\nfence_kdump_nodes b c\n", "a b c", ""),
        ("fence_kdump_args -i 1\nfence_kdump_args -i 2\n", "", "-i 2"),
        ("path /var/crash\nfence_kdump_args -p 7411 -i 5\n", "", "-p 7411 -i 5"),
        ("fence_kdump_nodes a\r\n", "a", ""),
        # as it is written in other files
        ("fence_kdump_nodes = node1\n", "node1", ""),
        ("fence_kdump_nodes=node1\n", "node1", ""),
        ('fence_kdump_args="-i 5"\n', "", '"-i 5"'),
        ("fence_kdump_nodes ::1\n", "::1", ""),
    ],
)
def test_options(text: str, nodes: str, args: str) -> None:
    conf = parse(text)
    assert (conf.nodes, conf.args) == (nodes, args)


@pytest.mark.parametrize(
    ("text", "by_hand"),
    [
        ("", False),
        ("force_no_rebuild 1\n", True),
        ("force_no_rebuild 0\n", False),
        ("#force_no_rebuild 1\n", False),
        ("force_no_rebuild 0\nforce_no_rebuild 1\n", True),
    ],
)
def test_no_rebuild(text: str, by_hand: bool) -> None:
    assert parse(text).no_rebuild is by_hand
