"""The decoders in the hands of a fuzzer that sees which branches a datagram takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from lab.programs import ROOT

SECONDS = 5


def test_decoders(tmp_path: os.PathLike[str]) -> None:
    corpus = f"{tmp_path}/corpus"
    os.mkdir(corpus)
    with open(f"{ROOT}/protocol/vectors.json", encoding="ascii") as file:
        vectors = json.load(file)
    seeds = [row[kind] for row in vectors["dialogues"] for kind in ("challenge", "response")]
    seeds += [row["data"] for row in vectors["malformed"]] + ["402a301b01000000"]
    for number, seed in enumerate(seeds):
        with open(f"{corpus}/{number}", "wb") as seed_file:
            seed_file.write(bytes.fromhex(seed))
    command = [sys.executable, f"{ROOT}/tests/fuzz/decoders.py", f"-max_total_time={SECONDS}"]
    done = subprocess.run(
        [*command, "-max_len=400", f"-artifact_prefix={tmp_path}/", corpus],
        env={**os.environ, "PYTHONPATH": f"{ROOT}/protocol"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Done " in done.stderr, done.stderr
