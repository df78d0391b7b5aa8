"""A Pacemaker Remote node: in no corosync.conf, and with a name and a key of its own.

Nothing can panic here: its sender is started by hand, with the arguments that its image has.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fence_kdump_cluster import keyfiles
from fence_kdump_image.whom import members
from lab.cluster import Cluster, Node, wait_for
from lab.images import HELPER
from lab.loaded import build
from lab.node import write_key
from lab.programs import ADMIN

MEMBERS = ["10.77.0.1", "10.77.0.2", "10.77.0.3"]
RESOURCE = (
    "pcs resource create far ocf:pacemaker:remote server=10.77.0.4 reconnect_interval=60 --force"
)


def shown(node: Node) -> Any:
    """What an image of the node would get."""
    result = node.run(HELPER, "show", "--json")
    assert result.stdout, result
    return json.loads(result.stdout)


def addresses(data: Any) -> list[str]:
    return [target["address"] for target in data["targets"]]


def give_key(cluster: Cluster, remote: Node, folder: Path) -> str:
    """The members get the cluster's key, and the remote node its own, by the command for that; a
    path of that one for a sender in its network."""
    for node in cluster.nodes:
        write_key(f"/etc/netns/{node.host.name}/corosync/authkey")
    printed = cluster["node1"].run(ADMIN, "key", "far")
    assert printed.status == 0, printed
    path = write_key(f"{folder}/node.key", printed.stdout.encode())
    place = os.path.dirname(keyfiles.NODE)
    put = f"mkdir -p {place} && mount -t tmpfs tmpfs {place} && cp {path} {keyfiles.NODE}"
    assert remote.run("sh", "-euc", put).status == 0
    return path


def told(node: Node) -> Mapping[str, str]:
    """What a member's doctor says of the remote node's key."""
    found = json.loads(node.run(ADMIN, "doctor", "--json").stdout)["checks"]
    (check,) = (c for c in found if (c["name"], c["about"]) == ("node-key", "far"))
    return dict(check)


def test_a_pacemaker_remote_node(tmp_path: Path, took: Callable[[str, float], None]) -> None:
    with Cluster(3, str(tmp_path)) as cluster:
        remote = cluster.remote(4)
        first = cluster["node1"]
        early = shown(remote)
        assert early["nobody_told"], early
        assert "the members of the cluster are unknown" in " ".join(early["warnings"])

        first.shell("pcs property set stonith-enabled=false", outdated=True)
        first.shell(RESOURCE)
        cluster.shows(r"RemoteOnline: \[ far \]")
        # it is online before what it asks gets through to the cluster
        wait_for(lambda: not shown(remote)["nobody_told"], lambda: str(shown(remote)))
        connected = shown(remote)
        assert connected["node"] == "far"
        assert addresses(connected) == MEMBERS
        assert [target["named_by"] for target in connected["targets"]] == [[members.PATH]] * 3
        assert connected["arguments"][-3:] == MEMBERS

        key = give_key(cluster, remote, tmp_path)
        assert shown(remote)["key"]["from"] == keyfiles.NODE
        build(remote, "announce")

        cluster.create_power()
        first.shell("pcs stonith update power pcmk_host_list='node1 node2 node3 far'")
        first.shell(
            "pcs stonith create kdump fence_kdump pcmk_host_list=far pcmk_reboot_action=off"
            " timeout=40 pcmk_off_retries=1 auth=required verbose=1"
        )
        first.shell("pcs stonith level add 1 far kdump")
        first.shell("pcs stonith level add 2 far power")
        first.shell("pcs property set stonith-enabled=true", outdated=True)
        cluster.started("kdump", "power", "far")

        wait_for(lambda: told(first)["state"] == "ok", lambda: str(told(first)))
        assert told(first)["text"] == "far has the right key in its crash image"

        crash = time.monotonic()
        remote.crash()
        with remote.sender("--key", key, "--node", "far", *addresses(connected)):
            cluster.fenced("far", "kdump")
            took("crash to fenced", time.monotonic() - crash)
        assert "targeting far using power" not in cluster.log()

        # it boots, and kdump builds its image before the cluster has connected to it again
        remote.start()
        before = shown(remote)
        assert before["node"] == "far"
        assert addresses(before) == MEMBERS
