"""The languages, compiled once, and figures of the tests for the terminal."""

import functools
from collections.abc import Callable, Iterator

import pytest
from _pytest.terminal import TerminalReporter

from tests.support import scorer_commands
from tests.support.scorer_commands import Language

FIGURES = "scorer figures"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Language]:
    """The languages whose scorers are tested on this machine."""
    return {
        name: scorer_commands.prepare(name, tmp_path_factory.mktemp(name))
        for name in scorer_commands.LANGUAGES
    }


@pytest.fixture
def report(record_property) -> Callable[[str], None]:
    """A function that has a line printed when all tests are done."""
    return functools.partial(record_property, FIGURES)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    lines = list(_reported_lines(terminalreporter))
    if lines:
        terminalreporter.section("scorers")
    for line in lines:
        terminalreporter.line(line)


def _reported_lines(terminalreporter: TerminalReporter) -> Iterator[str]:
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "call":
                continue
            for name, value in report.user_properties:
                if name == FIGURES:
                    yield value
