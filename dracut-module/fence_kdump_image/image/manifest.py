"""The manifest: what was put into an image, and from which sources.

It shows whether an image still fits. ``lsinitrd -f`` can read it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from fence_kdump_image.image.plan import Plan
from fence_kdump_image.way.owners.claim import Allowlist, Claim
from fence_kdump_image.way.owners.surroundings import Surroundings, Word

__all__ = ["PATH", "around", "digest_folder", "digest_text", "digests", "make", "render"]

FORMAT = 1
# In a squashed image (RHEL, Fedora), lsinitrd finds only the files of this folder.
PATH = "usr/lib/dracut/fence-kdump.json"


def make(plan: Plan, texts: Mapping[str, str], sources: Iterable[str], sender: str) -> Any:
    """The manifest, ready for json.

    plan -- what goes into the image
    texts -- path -> text of the sources that exist
    sources -- paths of all that the plan may depend on
    sender -- the sender's folder
    """
    return {
        **described(plan),
        "format": FORMAT,
        "sources": digests(texts, sources),
        "options": list(plan.options),
        "watchdogs": None if plan.watchdogs.omitted else list(plan.watchdogs.lines),
        "lacking": [],  # what was not found in it when it was made
        "line": list(plan.line),
        "around": _from_around(plan.around),
        "sender": digest_folder(sender),
        "warnings": list(plan.warnings),
    }


def described(plan: Plan) -> dict[str, Any]:
    """The parts of a plan that are shown in every form, ready for json."""
    return {
        "node": plan.node,
        "targets": [
            {
                "node": t.node,
                "host": t.host,
                "address": t.address,
                "ring": t.ring,
                "named_by": list(t.sources),
            }
            for t in plan.targets
        ],
        # never the key, and nothing of a master key
        "key": plan.key and {"id": plan.key.id, "node": plan.key.name, "from": plan.key.source},
        "links": plan.replay.splitlines(),
        "nics": [
            {"name": n.name, "mac": n.mac, "driver": n.driver, "owner": n.owner, "why": n.why}
            for n in plan.nics
        ],
        "modules": list(plan.modules),
    }


def render(manifest: Any) -> str:
    """The manifest as text. The same content gives the same text."""
    return json.dumps(manifest, indent=2, sort_keys=True) + "\n"


def key_id(manifest: Any) -> str:
    """The id of the key in an image, "" if the image has none.

    manifest -- of the image, or what was read in its place
    """
    key = manifest.get("key") if isinstance(manifest, dict) else None
    found = key.get("id") if isinstance(key, dict) else None
    return found if isinstance(found, str) else ""


def around(manifest: Any) -> Surroundings:
    """What else in the image configures NICs, from its manifest.

    Raises KeyError or TypeError on what `make` did not make.
    """
    found = manifest["around"]
    listed = found["allowlist"]
    return Surroundings(
        programs=tuple(found["programs"]),
        profiles=tuple(
            Claim(
                c["owner"],
                c["why"],
                frozenset(c["names"]),
                frozenset(c["macs"]),
                c["everything"],
                None if c["addresses"] is None else tuple(c["addresses"]),
            )
            for c in found["profiles"]
        ),
        words=tuple(Word(path, text) for path, text in found["words"]),
        allowlist=listed and Allowlist(frozenset(listed["names"]), frozenset(listed["macs"])),
        default=found["default"],
    )


def _from_around(found: Surroundings) -> Any:
    listed = found.allowlist
    return {
        "programs": list(found.programs),
        "profiles": [
            {
                "owner": c.owner,
                "why": c.why,
                "names": sorted(c.names),
                "macs": sorted(c.macs),
                "everything": c.everything,
                "addresses": c.addresses,
            }
            for c in found.profiles
        ],
        "words": [list(word) for word in found.words],
        "allowlist": listed and {"names": sorted(listed.names), "macs": sorted(listed.macs)},
        "default": found.default,
    }


def digests(texts: Mapping[str, str], sources: Iterable[str]) -> dict[str, str | None]:
    """Path -> digest of its text, None if there is no such file.

    texts, sources -- as `make` takes them
    """
    return {path: digest_text(texts[path]) if path in texts else None for path in sources}


def digest_text(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def digest_folder(folder: str) -> str | None:
    """SHA-256 over names and contents of a folder's files, in hex; None if it is no folder."""
    if not os.path.isdir(folder):
        return None
    total = hashlib.sha256()
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(place, name)
            total.update(os.path.relpath(path, folder).encode() + b"\0")
            try:
                with open(path, "rb") as file:
                    total.update(hashlib.sha256(file.read()).digest())
            except OSError:
                total.update(b"unreadable")
    return total.hexdigest()
