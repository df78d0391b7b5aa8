"""Crash images: the real dracut, run as if on the node, with kdump's own arguments."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from .host import (
    RigError,
    dracut_base,
    guest_file,
    image_helper,
    kernel_release,
    module_folder,
    sender_folder,
)
from .nodes import Node

__all__ = ["Image", "build"]

_AS_NODE = os.path.join(os.path.dirname(__file__), "as_node")

# mkdumprd of kdump-utils
_MKDUMPRD = [
    "--hostonly",
    "--hostonly-cmdline",
    "--hostonly-i18n",
    *("--hostonly-mode", "strict"),
    *("--hostonly-nics", ""),
    "--aggressive-strip",
    "--no-hostonly-default-device",
    *("--add", "kdumpbase"),
]
_OMIT = "plymouth resume ifcfg earlykdump"
_OMIT_SYSTEMD = "systemd systemd-initrd dracut-systemd systemd-networkd dbus dbus-daemon"


@dataclass(frozen=True)
class Image:
    """A crash image to build.

    name       -- for its file and for people
    node       -- whose image it is
    systemd    -- whether systemd or dracut's own /init runs in it
    with_us    -- whether our module is in it
    omit       -- one more of dracut's modules that is not in it
    extra_bins -- a program to put into it, as kdump.conf's option of that name does
    compress   -- dracut's option: zstd, xz or cat
    helper     -- what the module runs as image helper; by default the real one, as on the node
    sender     -- the folder of the sender; by default the real one's
    modules    -- dracut's modules that are in it besides, as kdump.conf's dracut_args adds them
    """

    name: str
    node: Node
    systemd: bool = True
    with_us: bool = True
    omit: str = ""
    extra_bins: str = ""
    compress: str = "zstd"
    helper: str = os.path.join(_AS_NODE, "helper.sh")
    sender: str = ""
    modules: str = ""


def build(
    image: Image,
    node_folder: str,
    output: str,
    tell: Callable[[str], None] = lambda line: None,
) -> None:
    """Builds the image into the file `output`; what dracut says goes to `output`.log.

    node_folder -- what a survey of the node brought
    tell        -- called with each line that dracut says

    Raises RigError with dracut's output when it fails.
    """
    with tempfile.TemporaryDirectory() as work:
        modules = {"99kdumpbase": guest_file("kdumpbase")}
        if image.with_us:
            modules["99zz-fence-kdump"] = module_folder()
        base = dracut_base(os.path.join(work, "dracut"), modules)
        confdir = os.path.join(work, "conf.d")
        os.mkdir(confdir)
        argv = ["unshare", "--mount", "--uts"]
        argv += [os.path.join(_AS_NODE, "run.sh"), node_folder, image.node.name]
        argv += ["dracut", "--force", "--conf", "/dev/null", "--confdir", confdir, *_MKDUMPRD]
        argv += ["--add", image.modules] if image.modules else []
        argv += ["--omit", f"{_OMIT} {'' if image.systemd else _OMIT_SYSTEMD} {image.omit}"]
        argv += [
            "--compress",
            image.compress,
            "--kver",
            kernel_release(module=image.node.watchdog),
            output,
        ]
        env = {"PATH": os.environ["PATH"], "IN_KDUMP": "1", "dracutbasedir": base}
        if image.extra_bins:
            env["RIG_EXTRA_BINS"] = image.extra_bins
        if image.with_us:
            env["RIG_HELPER"] = image_helper()
            env["FENCE_KDUMP_IMAGE"] = image.helper
            env["FENCE_KDUMP_SENDER"] = image.sender or sender_folder()
        _run_and_tell(argv, env, f"{output}.log", tell)


def _run_and_tell(
    argv: list[str], env: dict[str, str], log: str, tell: Callable[[str], None]
) -> None:
    said = []
    with (
        open(log, "w", encoding="utf-8") as out,
        subprocess.Popen(
            argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as dracut,
    ):
        assert dracut.stdout is not None
        for line in dracut.stdout:
            out.write(line)
            said.append(line)
            tell(line.rstrip())
    if dracut.returncode != 0:
        raise RigError(f"dracut: exit {dracut.returncode}\n{''.join(said)}")
