"""Images that several tests look at are built once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab.images import RHEL, SENDER, SUSE, Image, Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Where images are built; what a test changes in it, it changes back."""
    assert os.path.exists(f"{SENDER}/fence_kdump_send"), f"{SENDER} is missing: make binary"
    made = Workshop(str(tmp_path_factory.mktemp("workshop")))
    yield made
    made.close()


@pytest.fixture
def images(workshop: Workshop) -> Iterator[Workshop]:
    """The workshop for a test that builds images of its own; they go with it."""
    before = list(workshop.built)
    yield workshop
    workshop.discard([image for image in workshop.built if image not in before])


@pytest.fixture(scope="session")
def rhel(workshop: Workshop) -> Image:
    """As mkdumprd of kdump-utils builds it."""
    return workshop.build(RHEL)


@pytest.fixture(scope="session")
def suse(workshop: Workshop) -> Image:
    """As mkdumprd of SUSE's kdump builds it; there is no IN_KDUMP."""
    return workshop.build(SUSE, {"IN_KDUMP": ""})


@pytest.fixture(scope="session")
def without_systemd(workshop: Workshop) -> Image:
    """An image whose init is dracut's own script."""
    return workshop.build([*RHEL, "--omit", "systemd systemd-initrd dracut-systemd dbus"])
