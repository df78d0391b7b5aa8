"""The key in an image: this node's alone, and the reason to build another when it has changed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator

import pytest

from fence_kdump_protocol.keys import key_id, node_key
from lab.images import HELPER, MODULE, SENDER, SMALL, Workshop
from lab.programs import Result, run

MASTER = hashlib.shake_256(b"master").digest(256)
OTHER = hashlib.shake_256(b"other").digest(256)
IN_IMAGE = "etc/fence-kdump/node.key"


@pytest.fixture
def node(images: Workshop) -> Iterator[Workshop]:
    """A node without any key; what a test gives it goes with the test."""
    paths = [f"{images.root}{path}" for path in (AUTHKEY, OWN, NODE)]
    yield images
    for path in paths:
        if os.path.lexists(path):
            os.unlink(path)


AUTHKEY = "/etc/corosync/authkey"
OWN = "/etc/fence_kdump/key"
NODE = "/etc/fence_kdump/node.key"


COROSYNC = "/etc/corosync/corosync.conf"
CIB_PATH = "/var/lib/pacemaker/cib/cib.xml"
NAMED = """nodelist {
 node {
  name: node1
  ring0_addr: 10.0.0.1
 }
 node {
  name: me.with_a-long.Name
  ring0_addr: 10.0.0.2
 }
}
"""


def put(node: Workshop, path: str, data: bytes, mode: int = 0o600) -> None:
    path = node.root + path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)


def install(node: Workshop, initdir: str) -> tuple[Result, str]:
    """What the helper says, and the manifest."""
    os.mkdir(initdir)
    manifest = f"{initdir}/manifest.json"
    command = [node.helper, "install", "--initdir", initdir, "--sender", SENDER]
    command += ["--module", MODULE, "--manifest", manifest, "--kernel", os.uname().release]
    result = run(command, host=node.host)
    assert result.status == 0, result
    with open(manifest) as file:
        return result, file.read()


def key_in(initdir: str) -> str:
    with open(f"{initdir}/{IN_IMAGE}") as file:
        return file.read()


def helper(node: Workshop, *argv: str) -> Result:
    return run([HELPER, *argv, "--root", node.root])


def test_an_image_has_this_node_s_key_alone(node: Workshop) -> None:
    put(node, AUTHKEY, MASTER)
    image = node.build(SMALL)
    mine, other = node_key(MASTER, b"me"), node_key(MASTER, b"node1")
    assert image.read(IN_IMAGE) == f"{mine.hex()}\n"
    assert stat.S_IMODE(os.stat(f"{image.root()}/{IN_IMAGE}").st_mode) == 0o600
    assert "--key\n/etc/fence-kdump/node.key\n--node\nme\n" in image.read("etc/fence-kdump/args")
    with open(image.path, "rb") as file:
        content = file.read()
    for secret in (MASTER, MASTER[:64], MASTER.hex().encode(), mine, other, other.hex().encode()):
        assert secret not in content
    manifest = json.loads(image.read("usr/lib/dracut/fence-kdump.json"))
    assert manifest["key"] == {"id": key_id(mine).hex(), "node": "me", "from": AUTHKEY}
    assert mine.hex() not in json.dumps(manifest)
    assert node.checked(image).stdout == f"fresh {image.path}\n"
    # a file of our own comes before corosync's, and a node's own before both
    put(node, OWN, OTHER)
    stale = node.checked(image).stdout
    assert stale.startswith("stale: it proves its identity as me with key ")
    assert key_id(node_key(OTHER, b"me")).hex() in stale
    put(node, NODE, node_key(MASTER, b"me").hex().encode())
    assert node.checked(image).stdout == f"fresh {image.path}\n"


def test_an_image_without_a_key_is_stale_when_there_is_one(node: Workshop) -> None:
    image = node.build(SMALL)
    assert not image.has(IN_IMAGE)
    assert "--key" not in image.read("etc/fence-kdump/args")
    put(node, AUTHKEY, MASTER)
    assert node.checked(image).stdout == "stale: it has no key to prove its identity\n"


def test_a_key_that_is_gone_is_no_reason_for_another_image(node: Workshop) -> None:
    put(node, AUTHKEY, MASTER)
    image = node.build(SMALL)
    os.unlink(node.root + AUTHKEY)
    assert node.checked(image).stdout == f"fresh {image.path}\n"
    put(node, AUTHKEY, b"cut off")
    assert node.checked(image).stdout == f"fresh {image.path}\n"


def test_a_node_s_own_key_is_taken_as_it_is(node: Workshop, tmp_path: os.PathLike[str]) -> None:
    put(node, AUTHKEY, MASTER)
    put(node, NODE, b"ab" * 32 + b"\n")
    install(node, f"{tmp_path}/image")
    assert key_in(f"{tmp_path}/image") == "ab" * 32 + "\n"


NAMELESS = "nodelist {\n node {\n ring0_addr: 10.0.0.1\n nodeid: 1\n }\n" + (
    " node {\n ring0_addr: 10.0.0.2\n nodeid: 2\n }\n}\n"
)
CIB = """<cib><configuration><nodes>
<node id="1" uname="node1"/><node id="2" uname="the CIB's"/>
</nodes></configuration></cib>
"""


@pytest.mark.parametrize(
    ("files", "name", "warning"),
    [
        ({COROSYNC: NAMELESS, CIB_PATH: CIB}, "the CIB's", ""),
        ({COROSYNC: NAMELESS}, "", "the name of this node in the cluster is unknown"),
        (
            {COROSYNC: NAMELESS, CIB_PATH: "<cib"},
            "",
            "the name of this node in the cluster is unknown",
        ),
        ({COROSYNC: NAMED}, "me.with_a-long.Name", ""),
    ],
)
def test_this_node_s_name_in_the_cluster(
    node: Workshop, tmp_path: os.PathLike[str], files: dict[str, str], name: str, warning: str
) -> None:
    root = f"{tmp_path}/root"
    for path, text in {**files, AUTHKEY: "k" * 256}.items():
        node.file(root + path, text)
    os.chmod(root + AUTHKEY, 0o600)
    os.symlink(f"{node.root}/sys", f"{root}/sys")
    helper = [HELPER, "install", "--root", root, "--node", "me", "--sender", SENDER]
    command = [
        *helper,
        "--initdir",
        str(tmp_path),
        "--module",
        MODULE,
        "--manifest",
        f"{tmp_path}/manifest",
        "--kernel",
        os.uname().release,
    ]
    result = run(command, host=node.host)
    assert warning in result.stderr
    assert bool(warning) == ("cannot prove" in result.stderr)
    if name:
        assert key_in(str(tmp_path)) == node_key(b"k" * 256, name.encode()).hex() + "\n"
    else:
        assert not os.path.exists(f"{tmp_path}/{IN_IMAGE}")


FAULTS = {
    "empty": (OWN, b"", "the key has 0 bytes, but needs at least 32"),
    "short": (OWN, bytes(31), "the key has 31 bytes, but needs at least 32"),
    "short authkey": (AUTHKEY, bytes(31), "the key has 31 bytes, but needs at least 32"),
    "no hex": (NODE, b"x" * 64, "a node key must have 64 hex digits"),
    "a master key as a node's": (NODE, MASTER, "a node key must have 64 hex digits"),
}


@pytest.mark.parametrize(("path", "data", "why"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_key_costs_the_proof_and_nothing_else(
    node: Workshop, tmp_path: os.PathLike[str], path: str, data: bytes, why: str
) -> None:
    """Not even another key is taken for it."""
    if path != AUTHKEY:
        put(node, AUTHKEY, MASTER)
    put(node, path, data)
    result, _ = install(node, f"{tmp_path}/image")
    assert f"cannot prove the identity of this node: {node.root}{path}: {why}" in result.stderr
    assert not os.path.exists(f"{tmp_path}/image/{IN_IMAGE}")
    assert os.path.exists(f"{tmp_path}/image/etc/fence-kdump/args")


def test_a_key_that_others_can_read_is_told(node: Workshop, tmp_path: os.PathLike[str]) -> None:
    put(node, OWN, MASTER, 0o644)
    result, _ = install(node, f"{tmp_path}/image")
    assert f"chmod 600 {node.root}{OWN}" in result.stderr
    assert key_in(f"{tmp_path}/image") == node_key(MASTER, b"me").hex() + "\n"


def test_show_tells_whether_this_node_can_prove_itself(node: Workshop) -> None:
    def proof() -> str:
        shown = run([node.helper, "show"], host=node.host).stdout.splitlines()
        (line,) = [line for line in shown if line.startswith("proof")]
        return line.partition(" ")[2].strip()

    assert proof() == "none: this node has no key"
    put(node, AUTHKEY, MASTER)
    assert proof() == f"as me with key {key_id(node_key(MASTER, b'me')).hex()} from {AUTHKEY}"


@pytest.mark.parametrize(
    ("argv", "key"),
    [
        (["key", "node1"], node_key(MASTER, b"node1")),
        (["key", "--master", "{root}/etc/fence_kdump/other", "node1"], node_key(OTHER, b"node1")),
        (["key", "kn\u00f6ten 2"], node_key(MASTER, "kn\u00f6ten 2".encode())),
    ],
)
def test_the_key_of_a_node(node: Workshop, argv: list[str], key: bytes) -> None:
    put(node, AUTHKEY, MASTER)
    put(node, "/etc/fence_kdump/other", OTHER)
    result = helper(node, *(word.format(root=node.root) for word in argv))
    assert (result.status, result.stdout, result.stderr) == (0, f"{key.hex()}\n", "")


@pytest.mark.parametrize(("data", "why"), [(None, "No such file"), (b"short", "has 5 bytes")])
def test_no_key_of_a_node(node: Workshop, data: bytes | None, why: str) -> None:
    if data is not None:
        put(node, AUTHKEY, data)
    result = helper(node, "key", "node1")
    assert (result.status, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert f"{node.root}{AUTHKEY}: " in line
    assert why in line
