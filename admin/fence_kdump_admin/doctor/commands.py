"""Commands to type: what to set, in the words of this node's cluster shell.

Names come from the configuration, so each is quoted for the shell. crmsh can only replace all
fencing levels at once: one node's levels are left to cibadmin(8), which both shells live with.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

__all__ = ["add_level", "clear_levels", "create", "enable", "set_options", "set_property"]


def _has_pcs() -> bool:
    """pcs, unless crmsh alone is here, as on SUSE."""
    return bool(shutil.which("pcs")) or not shutil.which("crm")


def _line(*words: str) -> str:
    """A command line of these words."""
    return shlex.join(words)


def set_options(device: str, **options: str) -> str:
    """Set options of a device, or remove those with an empty value."""
    if _has_pcs():
        pairs = (f"{name}={shlex.quote(value) if value else ''}" for name, value in options.items())
        return f"{_line('pcs', 'stonith', 'update', device)} {' '.join(pairs)}"
    param = ("crm", "resource", "param", device)
    return " && ".join(
        _line(*param, "set", name, value) if value else _line(*param, "delete", name)
        for name, value in options.items()
    )


def set_property(name: str, value: str) -> str:
    """Set a cluster property."""
    if _has_pcs():
        return _line("pcs", "property", "set", f"{name}={value}")
    return _line("crm", "configure", "property", f"{name}={value}")


def enable(device: str) -> str:
    """Have a device started."""
    if _has_pcs():
        return _line("pcs", "stonith", "enable", device)
    return _line("crm", "resource", "start", device)


def create(nodes: Iterable[str]) -> str:
    """Make a fence_kdump device for these nodes."""
    options = (
        f"pcmk_host_list={shlex.quote(' '.join(nodes))} timeout=45 pcmk_off_timeout=60"
        " pcmk_off_retries=1 pcmk_reboot_action=off pcmk_action_limit=-1"
    )
    if _has_pcs():
        return f"pcs stonith create kdump fence_kdump {options}"
    return f"crm configure primitive kdump stonith:fence_kdump params {options}"


def clear_levels(node: str) -> str:
    """Remove a node's fencing levels; "" if there is no command for a node of that name."""
    if _has_pcs():
        return _line("pcs", "stonith", "level", "clear", "target", node)
    if '"' in node:
        return ""  # XPath 1.0 has no escape for it
    levels = f'//fencing-level[@target="{node}"]'
    return _line("cibadmin", "--delete-all", "--force", "--xpath", levels)


def add_level(index: int, node: str, device: str) -> str:
    """Add a device to a node's fencing level."""
    if _has_pcs():
        return _line("pcs", "stonith", "level", "add", str(index), node, device)
    own = "fence-kdump-" + re.sub(r"[^\w.-]", "_", node, flags=re.ASCII)
    level = (
        f'<fencing-level id="{own}-{index}" target={quoteattr(node)} index="{index}"'
        f" devices={quoteattr(device)}/>"
    )
    topology = f"<fencing-topology>{level}</fencing-topology>"
    scope = ("--modify", "--allow-create", "--scope", "fencing-topology")
    return _line("cibadmin", *scope, "--xml-text", topology)
