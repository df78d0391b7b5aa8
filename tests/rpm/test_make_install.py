"""`make install` on a system whose package has the C agent: Debian's, as this machine has it."""

from __future__ import annotations

import os

import pytest

from lab.programs import C_AGENT, ROOT, Result, run

# On a /usr that keeps nothing of it; /var/lib, with what dpkg diverts, is the sandbox's own.
SCRIPT = f"""
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay -o lowerdir=/usr,upperdir=/mnt/upper,workdir=/mnt/work overlay /usr
cd {ROOT}
# the man page is there; a newer source is no matter here
install="make -s install-agent -o build/man/fence_kdump.8"
"""


def on_a_copy(script: str) -> Result:
    return run(["unshare", "--mount", "sh", "-euc", SCRIPT + script])


def test_it_refuses_to_overwrite_a_package_s_file() -> None:
    result = on_a_copy(
        f'before=$(md5sum {C_AGENT}); ! $install; [ "$before" = "$(md5sum {C_AGENT})" ]'
    )
    assert result.status == 0, result
    assert f"{C_AGENT} is of the package fence-agents" in result.stderr
    assert f"dpkg-divert --local --rename --add {C_AGENT}" in result.stderr


def test_the_way_out_lasts() -> None:
    """What dpkg unpacks at that path from then on goes aside. A second `make install` is well."""
    result = on_a_copy(
        f"dpkg-divert --local --rename --add {C_AGENT}; $install; $install\n"
        f"readlink -f {C_AGENT}; dpkg-divert --truename {C_AGENT}\n"
        f"dpkg-divert --local --rename --remove {C_AGENT} 2>/dev/null || rm {C_AGENT}\n"
        f"dpkg-divert --local --rename --remove {C_AGENT}; readlink -f {C_AGENT}\n"
    )
    assert result.status == 0, result
    ours, aside, *_, back = [line for line in result.stdout.splitlines() if line.startswith("/")]
    assert ours == "/usr/libexec/fence-kdump-agent/bin/fence_kdump"
    assert aside == f"{C_AGENT}.distrib"
    assert back == C_AGENT


@pytest.mark.parametrize("flags", ["-s", "-skj4"])
def test_another_program_is_not_overwritten(tmp_path: os.PathLike[str], flags: str) -> None:
    path = f"{os.fspath(tmp_path)}{C_AGENT}"
    os.makedirs(os.path.dirname(path))
    with open(path, "w") as file:
        file.write("somebody's\n")
    result = run(["make", flags, "-C", ROOT, "install", f"DESTDIR={os.fspath(tmp_path)}"])
    assert result.status != 0
    assert f"{path} is another program: move it away first; nothing was installed" in result.stderr
    assert os.listdir(tmp_path) == ["usr"]
    with open(path) as file:
        assert file.read() == "somebody's\n"


def test_into_the_running_system_it_says_what_is_left_to_do(tmp_path: os.PathLike[str]) -> None:
    """The crash image is the old one until then."""
    where = os.fspath(tmp_path)
    make = ["make", "-s", "-C", ROOT, "install"]
    told = "fence-kdump refresh "
    staged = run([*make, f"DESTDIR={where}/root"])
    assert staged.status == 0, staged
    assert told not in staged.stdout
    live = run(
        [*make, f"prefix={where}/usr", f"sysconfdir={where}/etc", f"statedir={where}/var/lib"]
    )
    assert live.status == 0, live
    assert told in live.stdout
