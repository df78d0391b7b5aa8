"""Can this node, and the others, prove who they are?"""

from __future__ import annotations

import os

from fence_kdump_admin.checks import Check, bad, ok, unknown
from fence_kdump_admin.doctor import commands
from fence_kdump_admin.doctor.cib import Device
from fence_kdump_admin.doctor.here import Here
from fence_kdump_cluster import keyfiles
from fence_kdump_protocol import keys

__all__ = ["checks"]

MAKE = f"dd if=/dev/urandom of={keyfiles.MASTER} bs=256 count=1 && chmod 600 {keyfiles.MASTER}"
COPY = f"copy {keyfiles.MASTER} to every node"


def checks(here: Here) -> list[Check]:
    """The key in the image, and the one that the devices are told to use."""
    devices = here.cluster.ours if here.cluster else ()
    demanding = [d for d in devices if d.options.get("auth", "").lower() not in ("", "off")]
    found = [_image(here, bool(demanding))] if here.plan.key or demanding else []
    for device in demanding:
        found += _device(here, device)
    if here.plan.key and devices and not demanding:
        require = commands.set_options(devices[0].id, auth="required")
        text = f"no device asks for proofs yet; when the line above is ok on every node: {require}"
        found.append(ok("auth", text))
    return found


def _image(here: Here, wanted: bool) -> Check:
    key = here.plan.key
    if not key:
        told = "no key: the crash kernel cannot prove which node it is, and is not believed"
        return bad("key", told, f"{MAKE}; {COPY}")
    inside = here.manifest.get("key", {}) if isinstance(here.manifest, dict) else None
    if inside is None:
        return unknown("key", "nothing is known of the key in the crash image")
    if not inside:
        return bad("key", "the crash image has no key of this node", "fence-kdump refresh")
    return ok("key", f"the crash image has the key of {key.name}, made of {key.source}")


def _device(here: Here, device: Device) -> list[Check]:
    path = device.options.get("key") or keyfiles.master(here.root)
    asks = f"{device.id} has auth={device.options['auth']}"
    try:
        data = keyfiles.read(here.root + path)
        if len(data) < keys.LEAST_MASTER:
            raise keyfiles.BadKeyFile(f"{path}: shorter than {keys.LEAST_MASTER} bytes")
    except keyfiles.BadKeyFile as error:
        if os.geteuid():
            return [unknown("auth", f"{error}: run it as root", about=device.id)]
        return [
            bad("auth", f"{asks}, and this node has no key: {error}", f"{MAKE}; {COPY}", device.id)
        ]
    exposure = keyfiles.exposure(here.root + path)
    if exposure:
        return [bad("auth", exposure, f"chmod 600 {path}", device.id)]
    if path == keyfiles.COROSYNC and device.options["auth"].lower() == "required":
        text = (
            f"{asks} and uses {path}: when that is replaced, images that have the old key are not"
            " believed"
        )
        remedy = f"cp {path} {keyfiles.MASTER} && chmod 600 {keyfiles.MASTER}; {COPY}"
        return [bad("auth", text, remedy, device.id)]
    return [ok("auth", f"{asks}, and this node has the key ({path})", device.id)]
