"""/etc/kdump.conf, the options that are about us (kdump.conf(5): fence_kdump_nodes,
fence_kdump_args, force_no_rebuild)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PATH", "KdumpConf", "parse"]

PATH = "/etc/kdump.conf"


@dataclass(frozen=True)
class KdumpConf:
    """What a kdump.conf says of fencing.

    nodes -- names and addresses of the other nodes, () if it names none
    args -- words of options for the sender
    no_rebuild -- the administrator wants no image rebuilt but by hand
    """

    nodes: tuple[str, ...]
    args: tuple[str, ...]
    no_rebuild: bool = False


def parse(text: str) -> KdumpConf:
    """Read the text of a kdump.conf. Never raises on any text.

    As kdump-lib.sh's kdump_get_conf_val does it: an option is a word followed by space, a ``#``
    ends the line, and of several lines with one option the last counts.
    """
    values: dict[str, tuple[str, ...]] = {}
    for raw in text.splitlines():
        words = raw.partition("#")[0].split()
        if len(words) > 1:
            values[words[0]] = tuple(words[1:])
    return KdumpConf(
        nodes=values.get("fence_kdump_nodes", ()),
        args=values.get("fence_kdump_args", ()),
        no_rebuild=values.get("force_no_rebuild", ()) == ("1",),
    )
