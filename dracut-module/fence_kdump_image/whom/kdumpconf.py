"""/etc/kdump.conf, the options that are about us (kdump.conf(5): fence_kdump_nodes,
fence_kdump_args, force_no_rebuild)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["PATH", "KdumpConf", "parse"]

PATH = "/etc/kdump.conf"

_OPTION = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*\S)\s*")  # kdump wants no "=", and stops at one


@dataclass(frozen=True)
class KdumpConf:
    """What a kdump.conf says of fencing.

    nodes -- names and addresses of the other nodes as they are written, "" if it names none
    args -- options for the sender as they are written
    no_rebuild -- the administrator wants no image rebuilt but by hand
    """

    nodes: str
    args: str
    no_rebuild: bool = False


def parse(text: str) -> KdumpConf:
    """Read the text of a kdump.conf. Never raises on any text.

    As kdump-lib.sh's kdump_get_conf_val does it: an option is a word followed by space, a ``#``
    ends the line, and of several lines with one option the last counts. Of several lists of nodes
    each counts: whoever writes two means both.
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
