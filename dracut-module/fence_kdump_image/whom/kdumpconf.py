"""The options in /etc/kdump.conf that concern us.

These are fence_kdump_nodes, fence_kdump_args and force_no_rebuild of kdump.conf(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["PATH", "KdumpConf", "parse"]

PATH = "/etc/kdump.conf"

_OPTION = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*\S)\s*")  # kdump itself does not accept a "="


@dataclass(frozen=True)
class KdumpConf:
    """The options for fencing in a kdump.conf.

    nodes -- names and addresses of the other nodes as they are written, "" if there are none
    args -- options for the sender as they are written
    no_rebuild -- whether only the administrator may rebuild the image
    """

    nodes: str
    args: str
    no_rebuild: bool = False


def parse(text: str) -> KdumpConf:
    """Read the text of a kdump.conf. Never raises on any text.

    It follows kdump_get_conf_val in kdump-lib.sh: an option is a word followed by a space, a ``#``
    ends the line, and the last of several lines with the same option counts. But all lists of nodes
    count, because an administrator who writes two of them means both.
    """
    values: dict[str, str] = {}
    nodes: list[str] = []
    for raw in text.splitlines():
        match = _OPTION.fullmatch(raw.partition("#")[0])
        if match:
            values[match.group(1)] = match.group(2)
            nodes += [match.group(2)] if match.group(1) == "fence_kdump_nodes" else []
    return KdumpConf(
        nodes=" ".join(nodes),
        args=values.get("fence_kdump_args", ""),
        no_rebuild=values.get("force_no_rebuild", "") == "1",
    )
