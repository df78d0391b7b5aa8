"""Runs the machines of all selected tests, two at a time, while the tests wait for theirs.

A test names its scenario with `@pytest.mark.scenario(...)` and gets what came of it as the
fixture `outcome`. Images are built once each. Consoles, dumps and images are left in build/panic/
for a look.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pytest

from rig import host, image, nodes, private, run, survey

_AT_A_TIME = int(os.environ.get("FENCE_KDUMP_MACHINES", "2"))
_FOLDER = os.path.join(host.REPOSITORY, "build", "panic")


_T = TypeVar("_T")


class Rig:
    """The images and the machines of one test session."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_A_TIME)
        self._outcomes: dict[str, Future[run.Outcome]] = {}
        self._guard = threading.Lock()
        self._made: dict[object, Future[str]] = {}

    def start(self, scenario: run.Scenario) -> None:
        """Lets the scenario's machine run when its turn comes."""
        if scenario.name not in self._outcomes:
            self._outcomes[scenario.name] = self._pool.submit(self._run, scenario)

    def outcome(self, scenario: run.Scenario) -> run.Outcome:
        """Waits for it."""
        return self._outcomes[scenario.name].result()

    def close(self) -> None:
        """Waits for machines that run; those that have not begun never will."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, scenario: run.Scenario) -> run.Outcome:
        built = self._once(scenario.image, self._build)
        return run.run(scenario, built, os.path.join(_FOLDER, scenario.name))

    def _build(self, wanted: image.Image) -> str:
        path = os.path.join(_FOLDER, f"{wanted.name}.img")
        image.build(wanted, self._once(wanted.node, self._survey), path)
        return path

    def _survey(self, node: nodes.Node) -> str:
        return survey.survey(node, os.path.join(_FOLDER, f"node-{id(node):x}"))

    def _once(self, key: _T, make: Callable[[_T], str]) -> str:
        """What `make` makes of `key`, made by whoever is the first to ask."""
        with self._guard:
            first = key not in self._made
            made = self._made.setdefault(key, Future())
        if first:
            try:
                made.set_result(make(key))
            except BaseException as e:
                made.set_exception(e)
        return made.result()


def _scenario(item: pytest.Item) -> run.Scenario | None:
    marker = item.get_closest_marker("scenario")
    return marker.args[0] if marker else None


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    private.require()
    shutil.rmtree(_FOLDER, ignore_errors=True)
    os.makedirs(_FOLDER)
    the_rig = Rig()
    for item in request.session.items:
        scenario = _scenario(item)
        if scenario:
            the_rig.start(scenario)
    yield the_rig
    the_rig.close()


@pytest.fixture
def outcome(request: pytest.FixtureRequest, rig: Rig) -> Iterator[run.Outcome]:
    """What came of the test's scenario. Its disks are gone after the test."""
    scenario = _scenario(request.node)
    assert scenario, "the test names no scenario"
    the_outcome = rig.outcome(scenario)
    request.node.user_properties.append(("outcome", the_outcome))
    yield the_outcome
    for leftover in ("disk", "late-disk", "production.img"):
        path = os.path.join(_FOLDER, scenario.name, leftover)
        if os.path.exists(path):
            os.remove(path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    for name, value in item.user_properties:
        if report.failed and name == "outcome" and isinstance(value, run.Outcome):
            report.sections.append(("serial console, its end", value.console.tail()))
            report.sections.append(("agent", value.agent_output))
    return report
