"""What an image would get, or what a finished one contains: as data, and as text for people."""

from __future__ import annotations

from typing import Any

from fence_kdump_cluster.plain import plain
from fence_kdump_image.image import content, files, finished, manifest, memory
from fence_kdump_image.image.plan import Plan

__all__ = ["as_data", "as_text", "held"]

_KEPT = ("node", "targets", "key", "nics", "modules", "warnings")  # in the form of the manifest


def as_data(plan: Plan) -> dict[str, Any]:
    """What a new image would get, ready for json."""
    return {
        **manifest.described(plan),
        "nobody_told": plan.refusal,
        "arguments": list(plan.arguments),
        "watchdogs": list(plan.watchdogs.lines),
        "warnings": [*plan.warnings, *memory.warnings(plan.modules)],
    }


def held(path: str) -> dict[str, Any]:
    """What a finished image contains, in the same form. Raises content.ImageError.

    path -- of the image
    """
    made = finished.read_manifest(path)
    if not made:
        return {
            "nobody_told": "it was built without fence-kdump or without a part of it",
            "warnings": [],
        }
    arguments, links = f"{files.FOLDER}/args", f"{files.FOLDER}/links"
    found = content.read(path, [arguments, links])
    try:
        data = {key: made[key] for key in _KEPT}
        wanted = [arguments, links] if made["links"] else [arguments]
    except (KeyError, TypeError) as error:
        told = f"{path}: its manifest has an unknown format: rebuild the image"
        raise content.ImageError(told) from error
    missing = [
        f"{name} is not in the image: rebuild the image" for name in wanted if name not in found
    ]
    missing += [f"it was built without {what}" for what in made.get("lacking", ())]
    return {
        **data,
        "nobody_told": "" if arguments in found else "it has no arguments for the sender",
        "arguments": found.get(arguments, "").splitlines(),
        "links": found.get(links, "").splitlines(),
        "watchdogs": made.get("watchdogs") or [],
        "warnings": [*data["warnings"], *missing],
    }


def as_text(data: Any, root: str = "", image: str = "") -> str:
    """The same as text.

    data -- from `as_data` or `held`
    root -- folder below which all paths in it are
    image -- path of the finished image
    """
    rows: list[tuple[str, str]] = [("image", image)] if image else []
    rows += [("this node", data["node"])] if "node" in data else []
    rows += [("files below", root)] if root else []
    rows += (
        _told(data)
        if not data["nobody_told"]
        else [("notifies", f"no node: {data['nobody_told']}")]
    )
    rows += [("warning", text) for text in data["warnings"]]
    return "".join(f"{label:<12} {plain(text)}\n" for label, text in rows)


def _told(data: Any) -> list[tuple[str, str]]:
    rows = []
    for target in data["targets"]:
        node, host, address = target["node"], target["host"], target["address"]
        what = address or f"{host} (a name that the crash kernel has to look up)"
        of = "" if node in (host, address) else f" {node} ring {target['ring']}"
        rows.append(("notifies", f"{what}{of}, listed in {' and '.join(target['named_by'])}"))
    rows.append(("sender", " ".join(data["arguments"])))
    rows.append(("proof", _proof(data["key"])))
    for nic in data["nics"]:
        what = f"{nic['name']} {nic['mac']} {nic['driver']}"
        rows.append(("NIC", f"{what}: set up by {nic['owner']} ({nic['why']})"))
    rows += [("replayed", line) for line in data["links"]]
    rows += [("modules", " ".join(data["modules"]))] if data["modules"] else []
    rows += [("watchdog", f"loaded: {line}") for line in data["watchdogs"]]
    return rows


def _proof(key: Any) -> str:
    if not key:
        return "none: this node has no key"
    return f"as {key['node']} with key {key['id']} from {key['from']}"
