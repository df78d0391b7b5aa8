"""What `ip -j route get` says, in the words of older and newer versions of iproute2."""

from __future__ import annotations

import json

import pytest

from fence_kdump_image.way.network import parse_route


@pytest.mark.parametrize(
    "encap",
    [{"encap": "ip"}, {"encap": {"encap_type": "ip", "id": 5, "dst": "10.0.0.7"}}],
    ids=["6.1", "6.15"],
)
def test_what_a_route_wraps_packets_into(encap: dict[str, object]) -> None:
    said = [{"dst": "10.0.0.1", "dev": "eth0", "prefsrc": "10.0.0.2", **encap}]
    route = parse_route("10.0.0.1", json.dumps(said))
    assert route
    assert (route.device, route.source, route.encap) == ("eth0", "10.0.0.2", "ip")
