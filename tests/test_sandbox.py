"""What the tests write on this machine ends with their sandbox."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("folder", ["/etc", "/run", "/tmp", "/var/lib"])
def test_the_machine_s_own_folder_is_covered(folder: str) -> None:
    with open("/proc/self/mountinfo") as file:
        mounts = [line.split() for line in file]
    covers = [fields for fields in mounts if fields[4] == folder]
    assert covers, f"{folder} is the machine's"
    kind, options = covers[-1][-3], covers[-1][-1]
    assert kind == "tmpfs" or (kind == "overlay" and "upperdir=/run/" in options), covers[-1]
