"""Which nodes each file lists, and with which options. All nodes in any of the files count.

If one list is out of date, it must not exclude the node that runs the agent. An additional message
does no harm. The cluster need not run, because corosync.conf has every node with all its rings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fence_kdump_cluster import corosync
from fence_kdump_image.whom import kdumpconf, members, options, sysconfig

__all__ = ["NAMING", "SOURCES", "Candidate", "Configured", "gather"]

NAMING = (corosync.PATH, kdumpconf.PATH, sysconfig.KDUMP)  # the files that list nodes
SOURCES = (*NAMING, members.PATH, sysconfig.FENCE_KDUMP)

# SUSE's, sysconfig.kdump(5): commands that run in the image before, instead of and after the dump
_SCRIPTS = ("KDUMP_PRESCRIPT", "KDUMP_TRANSFER", "KDUMP_POSTSCRIPT")
_MOST, _LONGEST = 3, 240  # problems of a file, characters of a problem; it may not be text at all
_PATH = "/usr/sbin"  # where such a command finds a program without a path


@dataclass(frozen=True)
class Candidate:
    """One host as a configuration writes it.

    source -- path of the file
    node -- the node's name in the cluster; in other files than corosync.conf, the host itself
    host -- name or address
    ring -- number of the node's link, from 0
    """

    source: str
    node: str
    host: str
    ring: int = 0


@dataclass(frozen=True)
class Configured:
    """The content of all files together.

    node -- this node's name in the cluster, "" if only corosync.conf could have it
    candidates -- all hosts in any file, including this node; those of corosync.conf first
    options -- options for the sender
    senders -- the paths under which scripts of kdump call a sender in the image
    opted_out -- whether the administrator does not want fence-kdump in the image
    problems -- one-line texts
    faults -- path -> what is wrong with a file that may therefore list too few nodes
    """

    node: str
    candidates: tuple[Candidate, ...]
    options: options.Options
    senders: tuple[str, ...]
    opted_out: bool
    problems: tuple[str, ...]
    faults: Mapping[str, str]

    @property
    def rings(self) -> tuple[Candidate, ...]:
        """All candidates of corosync.conf."""
        return tuple(c for c in self.candidates if c.source == corosync.PATH)


def gather(texts: Mapping[str, str]) -> Configured:
    """Read all files.

    texts -- path -> text of those of SOURCES that exist
    """
    problems: list[str] = []
    nodelist = corosync.parse(texts.get(corosync.PATH, ""))
    problems += _few(corosync.PATH, nodelist.problems)
    candidates = [
        Candidate(corosync.PATH, node.name, host, ring)
        for node in nodelist.nodes
        for ring, host in zip(node.rings, node.addresses)
    ]
    fault = ""
    if corosync.PATH in texts and (nodelist.problems or not candidates):
        fault = _short(next(iter(nodelist.problems), "it lists no node"))
    remote = members.parse(texts.get(members.PATH, ""))
    problems += remote.problems
    candidates += _hosts(members.PATH, remote.nodes)
    conf = kdumpconf.parse(texts.get(kdumpconf.PATH, ""))
    candidates += _hosts(kdumpconf.PATH, options.hosts(conf.nodes))
    # in this order: the first one with options decides
    written = {f"{kdumpconf.PATH}: fence_kdump_args": options.parse(conf.args)}
    kdump = _settings(texts, sysconfig.KDUMP, problems)
    senders: list[str] = []
    for name in _SCRIPTS:
        calls = sysconfig.sender_calls(kdump.get(name, ""))
        senders += [_path(path) for path, *_ in calls]
        called = options.parse(" ".join(word for _, *words in calls for word in words), True)
        candidates += _hosts(sysconfig.KDUMP, called.nodes)
        written[f"{sysconfig.KDUMP}: {name}"] = replace(called, nodes=())
    settings = _settings(texts, sysconfig.FENCE_KDUMP, problems)
    words = settings.get("FENCE_KDUMP_OPTS", "")
    written[f"{sysconfig.FENCE_KDUMP}: FENCE_KDUMP_OPTS"] = options.parse(words)
    return Configured(
        node=remote.local,
        candidates=tuple(candidates),
        options=_first(written, problems),
        senders=tuple(dict.fromkeys(senders)),
        opted_out=settings.get("FENCE_KDUMP", "").lower() in ("no", "off", "false", "0"),
        problems=tuple(problems),
        faults={corosync.PATH: fault} if fault else {},
    )


def _hosts(source: str, hosts: Sequence[str]) -> list[Candidate]:
    return [Candidate(source, host, host) for host in hosts]


def _path(called: str) -> str:
    """The path at which a script finds a program, never above the root of the image."""
    return os.path.normpath(f"/{called.lstrip('/')}" if "/" in called else f"{_PATH}/{called}")


def _first(written: Mapping[str, options.Options], problems: list[str]) -> options.Options:
    """The options of the first setting that has any."""
    for setting, found in written.items():
        stray = [
            f"{word!r} is not an option and is ignored: list nodes in fence_kdump_nodes in"
            f" {kdumpconf.PATH}"
            for word in found.nodes
        ]
        problems += _few(setting, [*found.problems, *stray])
    having = {setting: found for setting, found in written.items() if found.words}
    first, chosen = next(iter(having.items()), ("", options.Options()))
    problems += [
        f"{setting}: not used, because {first} has other options: keep one of the two"
        for setting, found in having.items()
        if found.words != chosen.words
    ]
    return chosen


def _settings(texts: Mapping[str, str], path: str, problems: list[str]) -> Mapping[str, str]:
    settings = sysconfig.parse(texts.get(path, ""))
    problems += _few(path, settings.problems)
    return settings.values


def _few(where: str, problems: Sequence[str]) -> list[str]:
    """The problems of one place, in a few short lines."""
    texts = [_short(problem) for problem in problems[:_MOST]]
    if len(problems) > _MOST:
        texts.append(f"and {len(problems) - _MOST} more lines like these")
    return [f"{where}: {text}" for text in texts]


def _short(text: str) -> str:
    """A short form of a long text: its beginning, and its end with the remedy."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}...{text[-half:]}"
