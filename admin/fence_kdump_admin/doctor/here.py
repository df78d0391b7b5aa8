"""This node as the checks see it: its files, its network, and what its crash image ought to be."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fence_kdump_admin.doctor import cib
from fence_kdump_admin.doctor.live import Live
from fence_kdump_admin.doctor.live import look as ask
from fence_kdump_cluster import cib as nodes
from fence_kdump_cluster import corosync, files
from fence_kdump_image import textfiles
from fence_kdump_image.image import content, finished, manifest, plan
from fence_kdump_image.way.network import Kernel, Network

__all__ = ["Here", "look", "text_of"]


@dataclass(frozen=True)
class Here:
    """This node.

    root -- folder that all paths are below
    network -- the running kernel's
    plan -- of an image built now
    image -- path of the crash image, "" if there is none
    image_problem -- why nothing is known of the image, "" if it is
    manifest -- the image's, None if it has none or is not known
    listing -- of the image's files, squashed ones too; "" if that is not known
    cluster -- Pacemaker's configuration, None if it is not known
    cluster_problem -- why not, "" if it is, or if this node has none
    addresses -- name -> addresses of all nodes that corosync.conf or the CIB names
    remote -- the names of those that corosync.conf does not list: Pacemaker Remote nodes
    live -- what the running cluster says
    """

    root: str
    network: Network
    plan: plan.Plan
    image: str
    image_problem: str
    manifest: Any
    listing: str
    cluster: cib.Configuration | None
    cluster_problem: str
    addresses: Mapping[str, tuple[str, ...]]
    remote: frozenset[str]
    live: Live

    def text(self, path: str) -> str:
        """The content of a file, without blanks around it; "" if it cannot be read."""
        return text_of(self.root + path)


def look(root: str, node: str) -> Here:
    """Look at this machine. Raises nothing that is about it.

    root -- folder that all paths are below
    node -- this node's name, "" for the host name
    """
    network = Kernel(f"{root}/sys")
    image, problem, made, listing = "", "", None, ""
    around = plan.ALONE
    try:
        image = finished.find(root)
        made = finished.read_manifest(image)
        around = manifest.around(made) if made else plan.ALONE
        listing = content.listing(image)
    except finished.ImageError as error:
        problem = str(error)
    except (KeyError, TypeError, ValueError):
        problem, made = f"{image}: its manifest is of another version of fence-kdump", None
    wanted = plan.make(plan.read_sources(root), network, node, around=around)
    cluster, cluster_problem = _cluster(root + nodes.PATH)
    everybody = _nodes(root)
    return Here(
        root=root,
        network=network,
        plan=plan.with_key(wanted, root),
        image=image,
        image_problem=problem,
        manifest=made,
        listing=listing,
        cluster=cluster,
        cluster_problem=cluster_problem,
        addresses={node.name: (*node.addresses, *node.cib) for node in everybody},
        remote=_remote(everybody),
        live=ask(root),
    )


def _remote(everybody: Sequence[corosync.Node]) -> frozenset[str]:
    """A remote or guest node may have no address in the CIB: its name stands for it there."""
    listed = any(node.addresses for node in everybody)
    return frozenset(n.name for n in everybody if not n.addresses and (listed or n.cib))


def text_of(path: str) -> str:
    """The content of a file, without blanks around it; "" if it cannot be read."""
    return textfiles.read(path).strip()


def _cluster(path: str) -> tuple[cib.Configuration | None, str]:
    try:
        return cib.read(path), ""
    except FileNotFoundError:
        return None, ""
    except cib.CibError as error:
        return None, str(error)


def _nodes(root: str) -> tuple[corosync.Node, ...]:
    text, data = "", b""
    with contextlib.suppress(OSError):
        text = corosync.read(root)
    with contextlib.suppress(OSError):
        data = files.read(root + nodes.PATH, nodes.MOST)
    return nodes.join(corosync.parse(text).nodes, nodes.parse(data).nodes)
