"""One owner per NIC: what in an image makes a NIC somebody else's."""

from __future__ import annotations

import pathlib

import pytest

from fence_kdump_image.way.drivers import Driver
from fence_kdump_image.way.links import Link
from fence_kdump_image.way.network import Device
from fence_kdump_image.way.owners import claims, look, owner

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
STOCK = "usr/lib/systemd/network/80-stock.network"


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
        (NM, "[vlan]\nparent=52:54:00:00:00:02\n", "NetworkManager"),
        (NM, "[match]\ninterface-name=!eth9;\n", "NetworkManager"),
        (NM, "[ethernet]\nmac-address=5254.0000.0002\n", "NetworkManager"),
        (NM, "#interface-name=eth0\n[connection]\ninterface-name=lan9\n", ""),
        (NETWORKD, "[Match]\nName=eth*\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nMACAddress=52:54:00:00:00:02\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nName=wlan0\n", ""),
        (NETWORKD, "[Network]\nDHCP=yes\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nName=!lo\n", "systemd-networkd"),
        (NETWORKD, '[Match]\nName="eth0"\n', "systemd-networkd"),
        (NETWORKD, '[Match]\nName="eth7"\n', ""),
        (NETWORKD, "[Match]\nName=eth7\nName=eth0\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nMACAddress=52-54-00-00-00-02\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nMACAddress=5254.0000.0009\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nName=x\n[Network]\nVLAN=bond0.5\nVLAN=y.6\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nType=ether\n", "systemd-networkd"),
        (NETWORKD, "[Match]\nType=!wlan\n", "systemd-networkd"),
        (NETWORKD, "", ""),  # masks another
        (f"{NETWORKD}.d/10-more.conf", "[Match]\nName=eth0\n", "systemd-networkd"),
        ("run/systemd/network/10.network", "[Match]\nName=eth0\n", "systemd-networkd"),
        (STOCK, "[Match]\nName=*\n", "systemd-networkd"),
        (STOCK, "[Match]\nType=wlan\nWLANInterfaceType=ad-hoc\n", ""),
        (STOCK, "[Match]\nVirtualization=container\nName=host0\n", ""),
        (STOCK, "[Match]\nKind=veth\n[Network]\nDHCP=yes\n", ""),
        (CMDLINE, "ip=dhcp", "dracut"),
        (CMDLINE, "'ip=eth0:dhcp'", "dracut"),
        (CMDLINE, "'ip=eth7:dhcp'", ""),
        (CMDLINE, 'ip="eth0:dhcp"', "dracut"),
        (CMDLINE, "ip=52-54-00-00-00-02:dhcp", "dracut"),
        (CMDLINE, "ip=52-54-00-00-00-09:dhcp", ""),
        (CMDLINE, "ip=/net/eth7:dhcp", "dracut"),
        (CMDLINE, "ip=ibft", "dracut"),
        (CMDLINE, "ip=eth7:dhcp rd.iscsi.ibft=1", "dracut"),
        (CMDLINE, "ip=eth7:dhcp rd.iscsi.ibft=0", ""),
        (CMDLINE, "ip=eth7:dhcp BOOTIF=01-52-54-00-00-00-01", "dracut"),
        (CMDLINE, "BOOTIF=01-52-54-00-00-00-0A", ""),
        (CMDLINE, "BOOTIF=52:54:00:00:00:02", "dracut"),
        (CMDLINE, "BOOTIF=20-80-00-02-08-fe-80-00-01", "dracut"),  # of no length that we know
        (CMDLINE, "BOOTIF=01-52-54-00-00-00-01 rd.bootif=0", ""),
        (CMDLINE, "BOOTIF=01-52-54-00-00-00-01 rd.bootif", "dracut"),
        (CMDLINE, "ip=eth7:dhcp bootdev=eth0", "dracut"),
        (CMDLINE, "ip=eth7:dhcp bootdev=eth7", ""),
        (CMDLINE, "root=nfs:10.0.0.9:/x", "dracut"),
        (CMDLINE, "root=nfs:10.0.0.9:/x ip=eth7:dhcp", ""),
        (CMDLINE, "root=/dev/nfs", "dracut"),
        (CMDLINE, "root=block:/dev/sda1 root=UUID=1-2 root=/dev/mapper/a", ""),
        (CMDLINE, "netroot=iscsi:10.0.0.9::::x", "dracut"),
        (CMDLINE, "rd.route=10.9.0.0/16:10.0.0.254:eth0", "dracut"),
        (CMDLINE, "rd.route=10.9.0.0/16:10.0.0.254:eth7", ""),
        (CMDLINE, "rd.route=10.9.0.0/16:10.0.0.254", "dracut"),
        ("etc/cmdline", "ip=eth0:dhcp", "dracut"),
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
        (CMDLINE, "rd.neednet=yes", "dracut"),
        (CMDLINE, "rd.neednet=no", ""),
        (CMDLINE, "rd.neednet=1 ip=eth7:dhcp", ""),
        (CMDLINE, "rd.neednet=0 root=/dev/sda1 rd.ip=eth0", ""),
    ],
)  # fmt: skip
def test_claims(path: str, text: str, found: str) -> None:
    claim = owner(STACK, claims({path: text}))
    assert (claim.owner if claim else "") == found
    assert not claim or path in claim.why


def test_drop_in_belongs_to_its_file_wherever_it_is() -> None:
    drop_in = f"etc/systemd/network/{STOCK.rpartition('/')[2]}.d/10-more.conf"
    found = claims({STOCK: "[Match]\nName=eth7\n", drop_in: "[Network]\nVLAN=bond0.5\n"})
    assert [claim.everything for claim in found] == [False]
    claim = owner(STACK, found)
    assert claim
    assert drop_in in claim.why


def test_files_of_an_image(tmp_path: pathlib.Path) -> None:
    texts = {
        "etc/cmdline": "ip=eth0:dhcp",
        CMDLINE: "ip=eth1:dhcp",
        NM: "[connection]\ninterface-name=eth2\n",
        STOCK: "[Match]\nName=eth3\n",
        f"{NETWORKD}.d/a.conf": "[Match]\nName=eth4\n",
        "run/systemd/network/b.network": "[Match]\nName=eth5\n",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = look(str(tmp_path)).claims
    assert sorted(name for claim in found for name in claim.names) == [f"eth{n}" for n in range(6)]


def test_loopback_is_nobodys() -> None:
    assert owner((LO,), claims({CMDLINE: "ip=dhcp"})) is None
