"""One owner per NIC: what in an image makes a NIC somebody else's."""

from __future__ import annotations

import pytest

from fence_kdump_image.links import Link
from fence_kdump_image.network import Device, Driver
from fence_kdump_image.owners import claims, owner

ONE, TWO = "52:54:00:00:00:01", "52:54:00:00:00:02"
NIC = Link(Device("eth0", mac=ONE, permanent_mac=ONE), Driver("x", ()))
SLAVE = Link(Device("eth1", mac=ONE, permanent_mac=TWO), Driver("x", ()))
BOND = Link(Device("bond0", "bond"), members=("eth0", "eth1"))
VLAN = Link(Device("bond0.5", "vlan", lower="bond0"))
LO = Link(Device("lo", link_type="loopback"))
STACK = (NIC, SLAVE, BOND, VLAN)
NETWORKD = "etc/systemd/network/10.network"
NM = "etc/NetworkManager/system-connections/a.nmconnection"
CMDLINE = "etc/cmdline.d/50-net.conf"


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (NM, "[connection]\ninterface-name=eth0\n", "NetworkManager"),
        (NM, "[connection]\ninterface-name=eth5\n", ""),
        (NM, "[connection]\ninterface-name=eth\n", ""),
        (NM, "[connection]\ntype=ethernet\n", "NetworkManager"),  # speaks of every NIC
        (NM, "[ethernet]\nmac-address=52:54:00:00:00:02\n", "NetworkManager"),
        (NM, "[ethernet]\nmac-address=52:54:00:00:00:0A\n", ""),
        (NM, "[match]\ninterface-name=eth*\n", "NetworkManager"),
        (NM, "[connection]\ninterface-name=x.7\n[vlan]\nparent=bond0\n", "NetworkManager"),
        (NM, "#interface-name=eth0\n[connection]\ninterface-name=lan9\n", ""),
        (NETWORKD, "[Match]\nName=eth*\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nMACAddress=52:54:00:00:00:02\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nName=wlan0\n", ""),
        (NETWORKD, "[Network]\nDHCP=yes\n", "systemd-networkd"),
        (CMDLINE, "ip=dhcp", "dracut"),
        (CMDLINE, "ip=eth0:dhcp", "dracut"),
        (CMDLINE, "ip=eth7:dhcp", ""),
        (CMDLINE, "ip=eth7:dhcp:1500", ""),
        (CMDLINE, "ip=10.0.0.2::10.0.0.1:255.255.255.0::eth0:none", "dracut"),
        (CMDLINE, "ip=10.0.0.2::10.0.0.1:255.255.255.0::eth7:none", ""),
        (CMDLINE, "ip=10.0.0.2::10.0.0.1:255.255.255.0:::none", "dracut"),
        (CMDLINE, "ip=[fd00::2]::[fd00::1]:64::eth7:none", ""),
        (CMDLINE, "ip=[fd00::2]::[fd00::1]:64::eth0:none", "dracut"),
        (CMDLINE, "ip=10.0.0.2:::24::k0:none ifname=k0:52:54:00:00:00:01", "dracut"),
        (CMDLINE, "ip=10.0.0.2:::24::k0:none ifname=k0:52:54:00:00:00:09", ""),
        (CMDLINE, "vlan=v9:bond0", "dracut"),
        (CMDLINE, "vlan=v9:eth9", ""),
        (CMDLINE, "bond=bond9:eth1,eth9:mode=1", "dracut"),
        (CMDLINE, "bond=bond9:eth8,eth9:mode=1", ""),
        (CMDLINE, "bridge=br9:eth0", "dracut"),
        (CMDLINE, "team=team9:eth0", "dracut"),
        (CMDLINE, "rd.neednet=1 root=/dev/sda1", "dracut"),  # every NIC, then
        (CMDLINE, "rd.neednet=1 ip=eth7:dhcp", ""),
        (CMDLINE, "rd.neednet=0 root=/dev/sda1 rd.ip=eth0", ""),
    ],
)  # fmt: skip
def test_claims(path: str, text: str, found: str) -> None:
    claim = owner(STACK, claims({path: text}))
    assert (claim.owner if claim else "") == found
    assert not claim or path in claim.why


def test_loopback_is_nobodys() -> None:
    assert owner((LO,), claims({CMDLINE: "ip=dhcp"})) is None
