"""A crash image on a node of a cluster: what dracut's module puts into one, without the rest."""

from __future__ import annotations

from lab.cluster import Node
from lab.images import HELPER, MODULE, SENDER

__all__ = ["build"]

BUILD = f"""
mountpoint -q /var/lib/kdump || {{ mkdir -p /var/lib/kdump; mount -t tmpfs tmpfs /var/lib/kdump; }}
root=/var/lib/kdump/root
mkdir -p $root/usr/lib/dracut
{HELPER} install --initdir $root --sender {SENDER} --module {MODULE} \\
    --manifest $root/usr/lib/dracut/fence-kdump.json --kernel "$(uname -r)"
(cd $root; find . | cpio --create --format=newc --quiet) >/var/lib/kdump/initrd
rm -r $root
"""


def build(node: Node, command: str) -> None:
    """Build the image, and have the cluster told of its key by a command of the image helper."""
    for argv in (["sh", "-euc", BUILD], [HELPER, command]):
        result = node.run(*argv)
        assert result.status == 0, result
