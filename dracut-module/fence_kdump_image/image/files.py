"""A plan -> files below an image's root, and the list of what dracut must add."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping

from fence_kdump_image.image import libraries, manifest, plan
from fence_kdump_image.way.nics import OURS
from fence_kdump_image.way.replay import OWN

__all__ = ["FOLDER", "requests", "write"]

FOLDER = "etc/fence-kdump"
_RESOLVER_FILES = (plan.HOSTS, "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/host.conf")
_RESOLVER_LIBRARIES = ("libnss_files.so.*", "libnss_dns.so.*", "libresolv.so.*")
_NETWORKMANAGER = "etc/NetworkManager/conf.d/90-fence-kdump.conf"
# systemd-networkd takes the first file by name that matches a device
_NETWORKD = "etc/systemd/network/00-fence-kdump-{}.network"
_DEVICES = f"{OWN}*"


def write(
    wanted: plan.Plan, texts: Mapping[str, str], initdir: str, sender: str, place: str
) -> None:
    """Write the files that are ours below an image's root, and the manifest. Raises OSError.

    wanted -- what goes in
    texts -- the configuration that it was made from
    initdir -- the image's root
    sender -- the sender's folder on this machine
    place -- path of the manifest; it is moved into the image when everything else is there
    """
    made = manifest.make(wanted, texts, plan.SOURCES, sender)
    files = {
        f"{FOLDER}/args": "".join(f"{word}\n" for word in wanted.arguments),
        f"{FOLDER}/links": wanted.replay,
    }
    files.update(_keep_off(wanted))
    if wanted.watchdogs.lines:
        files[f"{FOLDER}/watchdogs"] = "".join(f"{line}\n" for line in wanted.watchdogs.lines)
    for path, text in files.items():
        _write(os.path.join(initdir, path), text)
    if wanted.key:
        _write_key(initdir + plan.KEY_FILE, wanted.key.key)
    _write(place, manifest.render(made))


def _keep_off(wanted: plan.Plan) -> dict[str, str]:
    """Files that tell programs in the image not to touch our NICs and the devices on them."""
    macs = [nic.mac for nic in wanted.nics if nic.owner == OURS]
    files = {}
    if macs and "network-manager" in wanted.around.programs:
        devices = ",".join([*(f"mac:{mac}" for mac in macs), f"interface-name:{_DEVICES}"])
        files[_NETWORKMANAGER] = f"[device-fence-kdump]\nmatch-device={devices}\nmanaged=0\n"
    if macs and "systemd-networkd" in wanted.around.programs:
        # MACAddress= would also match another program's vlan on such a NIC
        for name, match in (
            ("nics", f"PermanentMACAddress={' '.join(macs)}"),
            ("devices", f"Name={_DEVICES}"),
        ):
            files[_NETWORKD.format(name)] = f"[Match]\n{match}\n\n[Link]\nUnmanaged=yes\n"
    return files


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _write_key(path: str, key: bytes) -> None:
    """Write a key file that only its owner can read at any time."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(fd, "w", encoding="ascii") as file:
        file.write(f"{key.hex()}\n")


def requests(wanted: plan.Plan, sender: str) -> Iterable[str]:
    """What dracut must add, one line each: "module NAME", "library PATH-OR-PATTERN", "file PATH".

    sender -- the sender's folder on this machine
    """
    yield from (f"module {name}" for name in (*wanted.watchdogs.modules, *wanted.modules))
    yield from (f"library {path}" for path in libraries.needed(sender))
    yield from (f"library {pattern}" for pattern in libraries.DLOPENED)
    if wanted.needs_resolver:
        yield from (f"file {path}" for path in _RESOLVER_FILES)
        yield from (f"library {pattern}" for pattern in _RESOLVER_LIBRARIES)
