"""What the rig takes from the machine it runs on: the kernel to crash, and the product's parts."""

from __future__ import annotations

import glob
import os
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence

__all__ = [
    "C_AGENT",
    "C_SENDER",
    "REPOSITORY",
    "RigError",
    "agent",
    "dracut_base",
    "guest_file",
    "image_helper",
    "kernel_image",
    "kernel_release",
    "module_folder",
    "run",
    "sender_folder",
]

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
C_AGENT = "/usr/sbin/fence_kdump"
C_SENDER = "/usr/libexec/fence-agents/fence_kdump_send"


class RigError(Exception):
    """The rig itself could not do its part; the message names the remedy or shows the output."""


def run(*argv: str, env: dict[str, str] | None = None) -> str:
    """Runs a program to its end and returns its standard output.

    env -- the whole environment; by default this process's

    Raises RigError with all that the program printed when it fails.
    """
    try:
        done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
    except FileNotFoundError as e:
        raise RigError(f"{argv[0]} is not installed") from e
    if done.returncode != 0:
        raise RigError(
            f"exit {done.returncode} from: {shlex.join(argv)}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def kernel_release(root: str = "", module: str = "") -> str:
    """The release of the kernel to crash: one made for virtual machines if there is one.

    root -- of the machine; by default this one's
    module -- name of a module that the kernel must have

    Of several, the one of the highest version. Raises RigError if there is none with its modules.
    """
    images = glob.glob(f"{root}/boot/vmlinuz-*")
    releases = [path.split("vmlinuz-", 1)[1] for path in images]
    releases = [release for release in releases if os.path.isdir(f"{root}/lib/modules/{release}")]
    if module:
        pattern = f"{root}/lib/modules/{{}}/kernel/**/{module}.ko*"
        releases = [r for r in releases if glob.glob(pattern.format(r), recursive=True)]
    if not releases:
        raise RigError(
            f"no kernel in /boot with modules {module and f'such as {module} '}in /lib/modules:"
            f" install {'linux-image-amd64' if module else 'linux-image-cloud-amd64'}"
        )
    return max(releases, key=lambda release: ("-cloud-" in release, _version(release)))


def _version(release: str) -> list[str | int]:
    # digits as numbers: -56 is newer than -9
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", release)]


def kernel_image(module: str = "") -> str:
    """The path of that kernel."""
    return f"/boot/vmlinuz-{kernel_release(module=module)}"


_DRACUT = "/usr/lib/dracut"
# kdump's and ours; a system may have them, and number them as it likes
_NOT_THE_SYSTEMS = re.compile(r"\d+(kdump|kdumpbase|zz-fence-kdump)")


def dracut_base(folder: str, modules: Mapping[str, str]) -> str:
    """Makes `folder` a dracut installation: links to the system's, with some modules of its own.

    modules -- name of a module, with its number -> the folder that it is a link to

    Returns `folder`. Of kdump's modules and ours it has those in `modules`, and no other.
    """
    own = os.path.join(folder, "modules.d")
    os.makedirs(own)
    for entry in os.listdir(_DRACUT):
        if entry != "modules.d":
            os.symlink(os.path.join(_DRACUT, entry), os.path.join(folder, entry))
    for entry in os.listdir(os.path.join(_DRACUT, "modules.d")):
        if not _NOT_THE_SYSTEMS.fullmatch(entry):
            os.symlink(os.path.join(_DRACUT, "modules.d", entry), os.path.join(own, entry))
    for name, source in modules.items():
        os.symlink(source, os.path.join(own, name))
    return folder


def guest_file(name: str) -> str:
    """The path of a file that the rig ships for inside the machine."""
    return os.path.join(os.path.dirname(__file__), "guest", name)


def _part(variable: str, default: str) -> str:
    return os.environ.get(variable) or os.path.join(REPOSITORY, default)


def sender_folder() -> str:
    """The folder of the frozen sender (FENCE_KDUMP_SENDER, or what `make binary` built)."""
    folder = _part("FENCE_KDUMP_SENDER", "dist/fence_kdump_send")
    if not os.path.isdir(folder):
        raise RigError(f"no frozen sender in {folder}: run `make binary`")
    return folder


def module_folder() -> str:
    """The folder of the dracut module under test."""
    return _part("FENCE_KDUMP_MODULE", "dracut-module/99zz-fence-kdump")


def image_helper() -> str:
    """The command that the module runs at image build."""
    return _part("FENCE_KDUMP_IMAGE", "dracut-module/bin/fence-kdump-image")


def agent() -> Sequence[str]:
    """The command that runs our agent."""
    return shlex.split(_part("FENCE_KDUMP_AGENT", "agent/bin/fence_kdump"))
