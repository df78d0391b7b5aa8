"""A vlan, bond or bridge -> the arguments of ip(8) that create it again.

Only settings that decide whether a packet gets through are included. ip-link(8) has more. These are
left out:

vlan    reorder_hdr (for taps), loose_binding and bridge_binding (what is below is up), the qos maps
        (a priority, not a way)
bond    use_carrier (every driver tells its carrier by now), updelay, downdelay, min_links and
        arp_all_targets (the first link that is up should do), active_slave and primary_reselect
        (which link was the best is found anew), peer_notify_delay, num_grat_arp, num_unsol_na and
        resend_igmp (for a link that changes later), all_slaves_active, packets_per_slave,
        tlb_dynamic_lb, lp_interval and queue_id (how load is shared), ad_select, ad_actor_sys_prio,
        ad_actor_system and ad_user_port_key (a switch makes a link of any)
bridge  what filters (vlan_filtering is not replayed at all, links.py), ageing_time and fdb limits
        (one that has just begun has learned nothing), group addresses, mcast_* and nf_call_*; of a
        port: cost and priority (another loop-free way is a way), all switches that forbid something

A setting is passed only if it differs from the kernel's default, because an ip or a kernel that
refuses one word refuses the whole device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fence_kdump_image.way.network import Device

__all__ = ["MODULES", "kind_words", "member_words"]

# kind -> arguments of modprobe
MODULES = {
    "vlan": ("8021q",),
    "bond": ("bonding", "max_bonds=0"),  # otherwise it creates a bond by itself
    "bridge": ("bridge",),
}


@dataclass(frozen=True)
class _Setting:
    """A setting of a kind.

    key -- its name in the output of ``ip -d -j link``
    word -- its name as an argument of ip
    default -- the default of the kernel
    """

    key: str
    word: str
    default: Any = None


_BOND = (
    _Setting("miimon", "miimon", 0),
    _Setting("arp_interval", "arp_interval", 0),
    _Setting("arp_missed_max", "arp_missed_max", 2),
    _Setting("arp_ip_target", "arp_ip_target"),
    _Setting("ns_ip6_target", "ns_ip6_target"),
    _Setting("arp_validate", "arp_validate", "none"),
    _Setting("fail_over_mac", "fail_over_mac", "none"),
    _Setting("xmit_hash_policy", "xmit_hash_policy", "layer2"),
)
_LACP = (
    _Setting("ad_lacp_active", "lacp_active", "on"),
    _Setting("ad_lacp_rate", "lacp_rate", "slow"),
)
_SPANNING_TREE = (  # times in hundredths of a second, in the output and as arguments
    _Setting("forward_delay", "forward_delay", 1500),
    _Setting("hello_time", "hello_time", 200),
    _Setting("max_age", "max_age", 2000),
    _Setting("priority", "priority", 0x8000),
)
# a switch may send a vlan only to ports that have registered for it
_REGISTRATIONS = (("GVRP", "gvrp"), ("MVRP", "mvrp"))


def kind_words(device: Device, several: bool) -> str:
    """The words after "type" that create a device.

    device -- a vlan, bond or bridge
    several -- whether it has several members
    """
    data = device.data
    if device.kind == "vlan":
        flags = [f" {word} on" for flag, word in _REGISTRATIONS if flag in data.get("flags", ())]
        return f"vlan protocol {data.get('protocol', '802.1Q')} id {data['id']}{''.join(flags)}"
    if device.kind == "bond":
        mode = data.get("mode", "balance-rr")
        # without a monitor, a dead link is never noticed
        watched = data.get("miimon") or data.get("arp_interval")
        words = f"bond mode {mode}{'' if watched else ' miimon 100'}{_told(_BOND, data)}"
        return words + (_told(_LACP, data) if mode == "802.3ad" else "")
    # one way out cannot make a loop, so it needs no half minute of listening
    loops = several and bool(data.get("stp_state"))
    return f"bridge stp_state {int(loops)}{_told(_SPANNING_TREE, data) if loops else ''}"


def member_words(member: Device, name: str, master: Device, master_name: str) -> list[str]:
    """The words after "link set" when a device has joined a bond or bridge.

    member, master -- the two devices
    name, master_name -- their names for ip
    """
    lines = []
    if master.kind == "bond" and member.port.get("prio"):
        lines.append(f"dev {name} type bond_slave prio {member.port['prio']}")
    if master.kind == "bond" and master.data.get("primary") == member.name:
        lines.append(f"dev {master_name} type bond primary {name}")
    return lines


def _told(settings: tuple[_Setting, ...], data: Mapping[str, Any]) -> str:
    words = ""
    for setting in settings:
        value = data.get(setting.key)
        if isinstance(value, list):
            value = ",".join(map(str, value))
        if value not in (None, "", setting.default):
            words += f" {setting.word} {value}"
    return words
