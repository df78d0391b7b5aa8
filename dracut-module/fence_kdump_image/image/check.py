"""Checks whether the crash image still fits: compares its manifest with that of a new image."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fence_kdump_cluster import keyfiles
from fence_kdump_image import textfiles
from fence_kdump_image.image import finished, manifest, plan, watchdog
from fence_kdump_image.way.network import Network

__all__ = [
    "FRESH",
    "STALE",
    "STATE",
    "UNKNOWN",
    "UNLOADED",
    "Outcome",
    "check",
    "compare",
    "record",
]

FRESH, STALE, UNKNOWN = "fresh", "stale", "unknown"
UNLOADED = "unloaded"  # it would be fresh, but no crash kernel is loaded
STATE = "/var/lib/fence-kdump/image-state"


@dataclass(frozen=True)
class Outcome:
    """The result of a check.

    state -- FRESH, STALE, UNLOADED or UNKNOWN
    reasons -- one-line texts: the differences, or why it is not known; () if fresh
    image -- path of the image, "" if there is none
    wanted -- digest of the content of a new image, "" if it is not known
    sources -- path -> digest (None: no such file) of the configuration that was read
    stamp -- "MTIME SIZE" of the image, in nanoseconds and bytes, "" if there is none
    built_of -- the same as sources at the time when the image was built; empty if it has nothing of
        ours
    """

    state: str
    reasons: tuple[str, ...] = ()
    image: str = ""
    wanted: str = ""
    sources: Mapping[str, str | None] = field(default_factory=dict)
    stamp: str = ""
    built_of: Mapping[str, str | None] = field(default_factory=dict)

    def as_line(self) -> str:
        """The outcome in one line, its state first."""
        return " ".join([self.state, "; ".join(self.reasons) or self.image]).strip()


def check(root: str, network: Network, node: str, sender: str, path: str = "") -> Outcome:
    """Check an image. Raises nothing because of the state of this node.

    root -- of the file system
    network -- the running kernel's
    node -- this node's name, "" for the host name
    sender -- the sender's folder on this machine
    path -- of the image, "" for the one that kdump loads
    """
    texts = plan.read_sources(root)
    sources = {**manifest.digests(texts, plan.SOURCES), **_keys(root)}
    stamp = ""
    unloaded = not path and finished.is_loaded(root) is False
    try:
        path = path or finished.find(root)
        stamp = finished.stamp(path)
        old = finished.read_manifest(path)
        around = manifest.around(old) if old else plan.ALONE
    except finished.ImageError as error:
        return Outcome(UNKNOWN, (str(error),), path, "", sources, stamp)
    except (KeyError, TypeError, ValueError):
        told = f"{path}: its manifest has an unknown format: rebuild the image"
        return Outcome(UNKNOWN, (told,), path, "", sources, stamp)
    omitted = old is not None and old.get("watchdogs", []) is None
    wanted = plan.make(texts, network, node, around=around)
    wanted = plan.with_key(wanted, root)
    wanted = plan.with_watchdogs(wanted, watchdog.NONE if omitted else watchdog.look(root))
    new = manifest.make(wanted, texts, plan.SOURCES, sender)
    state, reasons = _judge(old, new, wanted.refusal)
    faults = _news(old, sources, {**plan.unreadable(root), **wanted.faults})
    if state != FRESH and faults:
        state, reasons = UNKNOWN, faults
    if unloaded:
        state = UNLOADED if state == FRESH else state
        reasons.append("no crash kernel is loaded: start the kdump service")
    digest, built_of = _digest(new, wanted.refusal), old["sources"] if old else {}
    return Outcome(state, tuple(reasons), path, digest, sources, stamp, built_of)


def configured(root: str) -> Mapping[str, str | None]:
    """The present configuration, in the form of `Outcome.sources`.

    root -- of the file system
    """
    return {**manifest.digests(plan.read_sources(root), plan.SOURCES), **_keys(root)}


def _keys(root: str) -> dict[str, str | None]:
    """The same for the files with keys. They are not in a manifest or in any other record."""
    digests: dict[str, str | None] = {}
    for path in (keyfiles.NODE, keyfiles.MASTER, keyfiles.COROSYNC):
        try:
            digests[path] = hashlib.sha256(keyfiles.read(root + path)).hexdigest()
        except keyfiles.BadKeyFile as error:
            digests[path] = str(error)
    return digests


def _news(old: Any, sources: Mapping[str, str | None], faults: Mapping[str, str]) -> list[str]:
    """The faults of files that changed after the image was built: truncated, empty, unreadable.

    Such a file is no reason to rebuild, because the image knows more than the file.
    """
    if not old:
        return []
    return [
        f"{path}: {fault}; the image stays as it is until this is corrected"
        for path, fault in faults.items()
        if old["sources"].get(path) != sources[path]
    ]


def _judge(old: Any, new: Any, refusal: str) -> tuple[str, list[str]]:
    if refusal:
        told = f"it sends messages after a crash, but no node is to get any: {refusal}"
        return (STALE, [told]) if old else (FRESH, [])
    if not old:
        return STALE, [
            "it sends no messages, or not all of them: it was built without fence-kdump or without"
            " a part of it"
        ]
    return compare(old, new)


def compare(old: Any, new: Any) -> tuple[str, list[str]]:
    """The state and the reasons for it.

    If an answer is only worse at the moment (a name does not resolve, a link is down, the host name
    is not set), this is no reason to rebuild, because the image knows more.

    old -- the image's manifest
    new -- the manifest of an image built now
    """
    doubts = [text for text in new["warnings"] if text not in old["warnings"]]
    before, now = _told(old), _told(new)
    differences = [f"it does not notify {node}" for node in now if node not in before]
    differences += [
        f"it still notifies {node}, which is no longer configured"
        for node in before
        if node not in now
    ]
    if old["node"] != new["node"]:
        differences.append(f"it was built for {old['node']}, but this node is {new['node']}")
    if old["options"] != new["options"]:
        texts = (" ".join(m["options"]) or "none" for m in (old, new))
        differences.append("its sender has the options {}, but should have {}".format(*texts))
    other_key = _other_key(old.get("key"), new["key"])
    if other_key:
        differences.append(other_key)
    if new["sender"] is None:
        doubts.append("the sender is not installed")
    elif old["sender"] != new["sender"]:
        differences.append("its sender is not the installed one")
    network = [
        f"it notifies {node} at {', '.join(before[node])}, but should at {', '.join(now[node])}"
        for node in now
        if node in before and before[node] != now[node]
    ]
    for key, do, does in (("links", "replay", "replays"), ("modules", "load", "loads")):
        network += [f"it does not {do} '{line}'" for line in new[key] if line not in old[key]]
        network += [f"it still {does} '{line}'" for line in old[key] if line not in new[key]]
    differences += _unmade(old, new)
    other_line = old["line"] != new["line"]
    for one, other, verb in ((new, old, "has"), (old, new, "no longer has")):
        words = [word for word in one["line"] if word not in other["line"]]
        differences += [f"the crash kernel's command line {verb} '{word}'" for word in words]
    changed = other_key or other_line or old["sources"] != new["sources"]
    changed = changed or new["sender"] not in (None, old["sender"])
    if (differences and (changed or not doubts)) or (network and not doubts):
        return STALE, differences + network
    if differences or network or new["sender"] is None:
        return UNKNOWN, doubts
    return FRESH, []


def _other_key(old: Any, new: Any) -> str:
    """Why the agents would not accept the proof of an image, "" if they would.

    It does no harm if an image has a key and there is none any more.
    """
    if not new or (old and (old["id"], old["node"]) == (new["id"], new["node"])):
        return ""
    if not old:
        return "it has no key to prove its identity"
    return (
        f"it proves its identity as {old['node']} with key {old['id']}, but should as {new['node']}"
        f" with key {new['id']}"
    )


def _unmade(old: Any, new: Any) -> list[str]:
    """What dracut left out of the image, and drivers of watchdogs that were armed later."""
    loaded = [line.split()[0] for line in old.get("watchdogs") or ()]
    armed = [line.split()[0] for line in new["watchdogs"] or ()]
    missing = [f"it was built without {what}" for what in old.get("lacking", ())]
    missing += [
        f"it does not load '{name}' for an armed watchdog" for name in armed if name not in loaded
    ]
    return missing


def _told(made: Any) -> dict[str, list[str]]:
    """Node -> its addresses, or its name if it has none."""
    nodes: dict[str, list[str]] = {}
    for target in made["targets"]:
        nodes.setdefault(target["node"], []).append(target["address"] or target["host"])
    return {node: sorted(addresses) for node, addresses in nodes.items()}


def _digest(made: Mapping[str, Any], refusal: str) -> str:
    kept = {k: v for k, v in made.items() if k not in ("sources", "around", "warnings")}
    text = json.dumps([kept, refusal], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def record(outcome: Outcome, path: str) -> None:
    """Record the result. Raises OSError.

    The first line is the result. The second line, "MTIME SIZE PATH", identifies the image: for
    another image, the result does not count.

    path -- of the file, which is replaced as a whole
    """
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    stamp = f"{outcome.stamp} {outcome.image}\n" if outcome.stamp else ""
    textfiles.write(path, f"{outcome.as_line()}\n{stamp}")
