"""Clusters, shared by the cases of a module; every case finds one without devices and history."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lab.cluster import Cluster

_times: list[tuple[str, float]] = []


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(1, str(tmp_path_factory.mktemp("one"))) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(3, str(tmp_path_factory.mktemp("three"))) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(5, str(tmp_path_factory.mktemp("five"))) as cluster:
        yield cluster


@pytest.fixture
def took(request: pytest.FixtureRequest) -> Callable[[str, float], None]:
    """took(what, seconds): have it told at the end of the run."""
    return lambda what, seconds: _times.append((f"{request.node.name}: {what}", seconds))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the times that the cases took."""
    if _times:
        terminalreporter.section("crash to fenced")
    for what, seconds in _times:
        terminalreporter.write_line(f"{seconds:6.1f} s  {what}")
