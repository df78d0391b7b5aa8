"""Commands to type: what to set, in the words of this node's cluster shell."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable

__all__ = ["add_level", "clear_levels", "create", "enable", "set_options", "set_property"]


def _has_pcs() -> bool:
    """pcs, unless crmsh alone is here, as on SUSE."""
    return bool(shutil.which("pcs")) or not shutil.which("crm")


def set_options(device: str, **options: str) -> str:
    """Set options of a device, or remove those with an empty value."""
    if _has_pcs():
        pairs = " ".join(
            f"{name}={shlex.quote(value) if value else ''}" for name, value in options.items()
        )
        return f"pcs stonith update {device} {pairs}"
    return " && ".join(
        f"crm resource param {device} set {name} {shlex.quote(value)}"
        if value
        else f"crm resource param {device} delete {name}"
        for name, value in options.items()
    )


def set_property(name: str, value: str) -> str:
    """Set a cluster property."""
    if _has_pcs():
        return f"pcs property set {name}={value}"
    return f"crm configure property {name}={value}"


def enable(device: str) -> str:
    """Have a device started."""
    return f"pcs stonith enable {device}" if _has_pcs() else f"crm resource start {device}"


def create(nodes: Iterable[str]) -> str:
    """Make a fence_kdump device for these nodes."""
    options = (
        f'pcmk_host_list="{" ".join(nodes)}" timeout=45 pcmk_off_timeout=60 pcmk_off_retries=1'
        " pcmk_reboot_action=off pcmk_action_limit=-1"
    )
    if _has_pcs():
        return f"pcs stonith create kdump fence_kdump {options}"
    return f"crm configure primitive kdump stonith:fence_kdump params {options}"


def clear_levels(node: str) -> str:
    """Remove a node's fencing levels."""
    if _has_pcs():
        return f"pcs stonith level clear target {node}"
    return f"crm configure edit (fencing_topology: remove {node}'s)"


def add_level(index: int, node: str, device: str) -> str:
    """Add a device to a node's fencing level."""
    if _has_pcs():
        return f"pcs stonith level add {index} {node} {device}"
    return f"crm configure edit (fencing_topology: {device} at level {index} of {node})"
