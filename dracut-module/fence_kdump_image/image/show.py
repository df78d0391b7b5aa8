"""A plan as text for people, and as data."""

from __future__ import annotations

from typing import Any

from fence_kdump_image.image.plan import Plan

__all__ = ["as_data", "as_text"]


def as_text(plan: Plan, root: str = "") -> str:
    """What a crash image built now would get, for reading.

    plan -- for the image
    root -- folder that all paths in it are below
    """
    rows: list[tuple[str, str]] = [("this node", plan.node)]
    rows += [("files below", root)] if root else []
    if plan.refusal:
        rows.append(("nobody told", plan.refusal))
    else:
        for target in plan.targets:
            what = target.address or f"{target.host} (a name, the crash kernel must resolve it)"
            of = "" if target.node in (target.host, target.address) else f" {target.node}"
            ring = f" ring {target.ring}" if of else ""
            rows.append(("told", f"{what}{of}{ring}, named by {' and '.join(target.sources)}"))
        rows.append(("sender", " ".join(plan.arguments)))
        rows.append(("proof", _proof(plan)))
        for nic in plan.nics:
            rows.append(("NIC", f"{nic.name} {nic.mac} {nic.driver}: {nic.owner}'s, {nic.why}"))
        rows += [("replayed", line) for line in plan.replay.splitlines()]
        rows += [("modules", " ".join(plan.modules))] if plan.modules else []
    rows += [("warning", text) for text in plan.warnings]
    return "".join(f"{label:<12} {text}\n" for label, text in rows)


def _proof(plan: Plan) -> str:
    if not plan.key:
        return "none: this node has no key"
    return f"as {plan.key.name}, by key {plan.key.id} of {plan.key.source}"


def as_data(plan: Plan) -> dict[str, Any]:
    """The same, ready for json."""
    return {
        "node": plan.node,
        "nobody_told": plan.refusal,
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
        "arguments": list(plan.arguments),
        "key": plan.key and {"id": plan.key.id, "node": plan.key.name, "from": plan.key.source},
        "nics": [
            {"name": n.name, "mac": n.mac, "driver": n.driver, "owner": n.owner, "why": n.why}
            for n in plan.nics
        ],
        "links": plan.replay.splitlines(),
        "modules": list(plan.modules),
        "warnings": list(plan.warnings),
    }
