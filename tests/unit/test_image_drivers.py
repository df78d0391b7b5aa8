"""Which kernel modules a NIC needs. The machine that the tests run on has none of these NICs."""

from __future__ import annotations

import os
import pathlib

import pytest

from fence_kdump_image.way.drivers import find
from lab.sysfs import Sysfs


def modules(sysfs: Sysfs, nic: str) -> tuple[str, ...]:
    """What is found."""
    found = find(str(sysfs.where), nic)
    assert found
    return found.modules


@pytest.fixture
def sysfs(tmp_path: pathlib.Path) -> Sysfs:
    return Sysfs(tmp_path)


def test_the_buses_come_first(sysfs: Sysfs) -> None:
    sysfs.device("pci0000:00/0000:00:01.0", "virtio-pci", "virtio_pci")
    net = sysfs.device("pci0000:00/0000:00:01.0/virtio0", "virtio_net", "virtio_net")
    sysfs.nic("nic0", net)
    assert modules(sysfs, "nic0") == ("virtio_pci", "virtio_net")


def test_what_is_built_in_is_no_module(sysfs: Sysfs) -> None:
    sysfs.nic("nic0", sysfs.device("pci0000:00/0000:00:01.0", "e1000"))
    assert modules(sysfs, "nic0") == ()


def test_no_hardware(sysfs: Sysfs) -> None:
    sysfs.nic("nic0", sysfs.device("virtual/net/nic0"))
    assert find(str(sysfs.where), "nic0") is None
    assert find(str(sysfs.where), "nic1") is None


def test_all_loaded_modules_that_serve_the_device(
    sysfs: Sysfs, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """modprobe is a stand-in: it would look into this machine's modules."""
    device = sysfs.device("pci0000:7d/0000:7d:00.0", "hns3", "hns3")
    (device / "modalias").write_text("pci:v000019E5d0000A222\n")
    sysfs.nic("nic0", device)
    sysfs.module("hclge")
    modprobe = tmp_path / "bin/modprobe"
    modprobe.parent.mkdir()
    modprobe.write_text(
        '#!/bin/sh\n[ "$*" = "-R pci:v000019E5d0000A222" ] && echo "hclge\nhns3\nhns_other"\n'
    )
    modprobe.chmod(0o755)
    monkeypatch.setenv("PATH", f"{modprobe.parent}:{os.environ['PATH']}")
    assert modules(sysfs, "nic0") == ("hns3", "hclge")


def test_phy_with_its_driver_and_its_bus(sysfs: Sysfs) -> None:
    sysfs.device("platform/soc", "simple-pm-bus", "")
    sysfs.device("platform/soc/mdio@1", "mdio-mux", "mdio_mux")
    phy = sysfs.device("platform/soc/mdio@1/mdio_bus/1/1:00", "Marvell 88E1510", "marvell")
    net = sysfs.nic("nic0", sysfs.device("platform/soc/ethernet@1", "fsl_dpa", "dpaa_eth"))
    (net / "phydev").symlink_to(phy)
    assert modules(sysfs, "nic0") == ("dpaa_eth", "mdio_mux", "marvell")


def test_what_supplies_the_nic(sysfs: Sysfs) -> None:
    clock = sysfs.device("platform/clock", "clk-x", "clk_x")
    device = sysfs.device("platform/ethernet@1", "stmmac", "dwmac_x")
    link = sysfs.device("virtual/devlink/platform:clock--platform:ethernet@1")
    (link / "supplier").symlink_to(clock)
    (device / "supplier:platform:clock").symlink_to(link)
    sysfs.nic("nic0", device)
    assert modules(sysfs, "nic0") == ("clk_x", "dwmac_x")


def test_virtual_function_of_this_host(sysfs: Sysfs) -> None:
    physical = sysfs.device("pci0000:00/0000:03:00.0", "ixgbe", "ixgbe")
    virtual = sysfs.device("pci0000:00/0000:03:10.0", "ixgbevf", "ixgbevf")
    (virtual / "physfn").symlink_to(physical)
    sysfs.nic("nic0", virtual)
    found = find(str(sysfs.where), "nic0")
    assert found
    assert found.modules == ("ixgbe", "ixgbevf")
    assert "a virtual function of 0000:03:00.0" in found.doubt
    sysfs.nic("nic1", physical)
    assert find(str(sysfs.where), "nic1") == type(found)("ixgbe", ("ixgbe",))


def test_virtual_function_below_a_nic_of_hyper_v(sysfs: Sysfs) -> None:
    sysfs.device("vmbus/root", "hv_vmbus", "hv_vmbus")
    net = sysfs.nic("nic0", sysfs.device("vmbus/root/nic", "hv_netvsc", "hv_netvsc"))
    sysfs.device("vmbus/root/pci", "hv_pci", "pci_hyperv")
    below = sysfs.nic("nic1", sysfs.device("vmbus/root/pci/1:00", "mlx5_core", "mlx5_core"))
    (net / "lower_nic1").symlink_to(below)
    assert modules(sysfs, "nic0") == ("hv_vmbus", "hv_netvsc", "pci_hyperv", "mlx5_core")
    found = find(str(sysfs.where), "nic0")
    assert found
    assert found.name == "hv_netvsc"
