"""Where the sources are: tests run from the checkout, nothing is installed."""

from __future__ import annotations

import os
import sys

import hypothesis
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

PARTS = ("protocol", "cluster", "sender", "agent", "dracut-module", "admin")

sys.path[:0] = [os.path.join(ROOT, part) for part in PARTS]
sys.path.append(os.path.join(ROOT, "tests"))

# how long an example takes is the machine's affair
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All but the unit tests make namespaces: only where those end with the run."""
    needy = [item for item in items if f"{os.sep}unit{os.sep}" not in str(item.path)]
    if needy and not os.environ.get("FENCE_KDUMP_SANDBOX"):
        raise pytest.UsageError("these tests need: tools/sandbox build/venv/bin/python -m pytest")
