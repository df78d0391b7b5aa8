"""Programs that the image helper runs: their output, their failures, and their end."""

from __future__ import annotations

import os
import pathlib
import select

import pytest

from fence_kdump_image.programs import ProgramError, TooLongError, run

LONG = 60.0  # seconds


def test_output() -> None:
    assert run(["printf", "a\\nb\\377"], LONG) == "a\nb\udcff"


def test_standard_input_is_empty() -> None:
    assert run(["cat"], LONG) == ""


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 7", "failed with status 7"),
        ("echo no cluster >&2; exit 102", "failed with status 102: no cluster"),
        ("kill -9 $$", "failed with status -9"),
    ],
)
def test_failure(script: str, told: str) -> None:
    with pytest.raises(ProgramError) as caught:
        run(["sh", "-c", script], LONG)
    assert str(caught.value) == f"sh -c {script} {told}"
    assert run(["sh", "-c", script], LONG, check=False) == ""


def test_no_such_program() -> None:
    with pytest.raises(ProgramError) as caught:
        run(["/no/such", "-l"], LONG)
    assert str(caught.value) == "/no/such -l: No such file or directory"


@pytest.mark.parametrize(
    "script",
    [
        "sleep 1000 & echo $!; exec sleep 1000",
        "sleep 1000 & echo $!",  # done, and its child has the output open
        "trap '' TERM HUP; sleep 1000 & echo $!; wait",
    ],
)
def test_all_of_a_program_that_hangs_is_killed(script: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(TooLongError, match=r"did not finish in 0\.3 s"):
        run(["sh", "-c", f"{{ {script}; }} | tee {tmp_path}/child"], 0.3)
    child = int((tmp_path / "child").read_text())
    assert _ends(child)


def test_not_captured_goes_where_ours_goes(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["sh", "-c", "echo built; echo badly >&2"], LONG, captured=False) == ""
    assert capfd.readouterr() == ("built\n", "badly\n")


def test_inherits_what_is_inheritable() -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        run(["bash", "-c", f"echo kept >&{write}"], LONG, captured=False)
        assert os.read(read, 99) == b"kept\n"
    finally:
        os.close(read)
        os.close(write)


def _ends(process: int) -> bool:
    """Whether it is gone, or goes now."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], LONG)[0])
    finally:
        os.close(descriptor)
