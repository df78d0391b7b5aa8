"""The agent's half of the dialogue, on a clock made of numbers, and the keys for it."""

from __future__ import annotations

import os

import pytest

from fence_kdump import keyring
from fence_kdump.keyring import OFF, PREFER, REQUIRED, Keyring
from fence_kdump.options import read
from fence_kdump.proof import Addressee, Proof
from fence_kdump_cluster import keyfiles
from fence_kdump_protocol.dialogue import encode_response
from fence_kdump_protocol.keys import node_key

ONE, TWO = b"\x0a\0\0\2", b"\x0a\0\0\3"
OURS = b"\x0a\0\0\1"
MASTER, OLD = b"m" * 32, b"o" * 32
NONCE = bytes(range(16))


def proof(*masters: bytes, node: str = "node2") -> Proof:
    made = Proof(Keyring(REQUIRED, masters or (MASTER,)), 7410, NONCE)
    made.know(node)
    return made


def answer(master: bytes = MASTER, name: bytes = b"node2", nonce: bytes = NONCE) -> bytes:
    return encode_response(nonce, name, node_key(master, name))


def test_every_address_is_challenged_once_a_second() -> None:
    made = proof()
    both = [Addressee(ONE, 7410, b""), Addressee(TWO, 7410, b"")]
    assert made.round([ONE, TWO], 5.0) == both
    assert made.due == 6.0
    assert made.round([ONE, TWO], 5.9) == []
    assert made.round([ONE, TWO], 6.0) == both


def test_messages_at_any_rate_make_no_more_challenges() -> None:
    """And whatever ports and addresses they claim, what is kept of them is bounded."""
    made = proof()
    challenged = 0
    for number in range(10000):
        source = Addressee(ONE, number, number.to_bytes(4, "big"))
        challenged += made.hear(source, number / 10000) is not None
    assert challenged <= 20
    assert len(made.round([ONE], 1.0)) <= 5


def test_a_message_tells_at_which_of_our_addresses_it_came_in() -> None:
    made = proof()
    source = Addressee(ONE, 40000, OURS)
    assert made.hear(source, 0.0) == source
    assert made.round([ONE], 0.0) == [Addressee(ONE, 7410, b""), Addressee(ONE, 7410, OURS)]


def test_only_the_target_s_own_key_proves() -> None:
    made = proof()
    assert not made.is_proven(answer(name=b"node3"))
    assert not made.is_proven(answer(OLD))
    assert not made.is_proven(answer(nonce=bytes(16)))
    assert not made.is_proven(b"")
    assert made.is_proven(answer())


def test_a_key_that_was_replaced_counts_while_it_is_there() -> None:
    made = proof(MASTER, OLD)
    assert made.is_proven(answer())
    assert made.is_proven(answer(OLD))


def test_a_node_without_a_name_proves_nothing() -> None:
    made = proof(node="")
    assert not made.is_possible
    assert not made.is_proven(answer())
    made.know("node2")
    assert made.is_possible
    assert made.is_proven(answer())
    made.know("node3")
    assert not made.is_proven(answer())


def test_what_is_told_of_forged_answers_is_bounded() -> None:
    made = proof()
    for number in range(1000):
        made.is_proven(answer(name=b"n%d" % number))
    assert "something else" in made.account()
    assert len(made.account()) < 1000


@pytest.fixture
def files(tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The usual key files are in this folder."""
    for name, file in (("MASTER", "key"), ("OLD", "key.old"), ("COROSYNC", "authkey")):
        monkeypatch.setattr(keyfiles, name, f"{tmp_path}/{file}")
    return str(tmp_path)


def put(path: str, key: bytes, mode: int = 0o600) -> str:
    with open(path, "wb") as file:
        file.write(key)
    os.chmod(path, mode)
    return path


@pytest.mark.parametrize(
    ("there", "auth", "policy", "masters"),
    [
        ("", "", OFF, ()),
        ("authkey", "", OFF, ()),
        ("authkey", "off", OFF, ()),
        ("authkey", "prefer", PREFER, (b"authkey" * 32,)),
        ("authkey", "required", REQUIRED, (b"authkey" * 32,)),
        ("key authkey", "", PREFER, (b"key" * 32,)),
        ("key authkey", "off", OFF, ()),
        ("key authkey", "required", REQUIRED, (b"key" * 32,)),
        ("key key.old", "required", REQUIRED, (b"key" * 32, b"key.old" * 32)),
        ("authkey key.old", "required", REQUIRED, (b"authkey" * 32, b"key.old" * 32)),
        ("", "required", REQUIRED, ()),
        ("key.old", "required", REQUIRED, ()),
    ],
)
def test_which_keys_count(
    files: str, there: str, auth: str, policy: str, masters: tuple[bytes, ...]
) -> None:
    for name in there.split():
        put(f"{files}/{name}", name.encode() * 32)
    found = keyring.load(read({"auth": auth}))
    assert (found.policy, found.masters) == (policy, masters)
    assert bool(found.faults) == (policy != OFF and not masters)


def test_a_key_of_its_own_is_the_only_one(files: str) -> None:
    """Where it is missing, no other is taken for it."""
    put(f"{files}/key", MASTER)
    own = f"{files}/own"
    assert keyring.load(read({"key": own})).masters == ()
    put(own, b"x" * 32)
    put(f"{own}.old", b"y" * 32)
    assert keyring.load(read({"key": own})) == Keyring(PREFER, (b"x" * 32, b"y" * 32))


@pytest.mark.parametrize(("key", "mode"), [(bytes(31), 0o600), (bytes(32), 0o644)])
def test_a_faulty_old_key_is_told_and_not_used(files: str, key: bytes, mode: int) -> None:
    put(f"{files}/key", MASTER)
    put(f"{files}/key.old", key, mode)
    found = keyring.load(read({"auth": "required"}))
    assert found.masters == (MASTER,)
    (fault,) = found.faults
    assert f"{files}/key.old" in fault
    assert fault.endswith("this key is not used")
