"""Drivers that outweigh all else in a crash kernel."""

from __future__ import annotations

from fence_kdump_image.image.memory import warnings


def test_a_big_driver_is_told_once() -> None:
    (text,) = warnings(["virtio_net", "mlx5_core", "mlx5_core", "8021q"])
    assert text.startswith("the driver mlx5_core takes 124 to 188 MB")
    assert "crashkernel=" in text


def test_others_are_not() -> None:
    assert warnings(["virtio_net", "e1000e"]) == []
