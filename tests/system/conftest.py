"""What the tests of a whole system need of the machine."""

import os

import pytest

from lab.system import ROOT_IMAGE


@pytest.fixture(scope="session", autouse=True)
def root_image() -> None:
    """What `make system-root` made."""
    assert os.path.exists(ROOT_IMAGE), f"{ROOT_IMAGE} is missing: make build/roots/system.img"
