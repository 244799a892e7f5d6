"""The languages, compiled once; and what the suite found, in a few lines at the end."""

import functools
from collections.abc import Callable

import pytest

from tests.support import scorer_commands
from tests.support.scorer_commands import Language

FOUND = "found"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Language]:
    """The languages whose scorers are tested here."""
    return {
        name: scorer_commands.prepare(name, tmp_path_factory.mktemp(name))
        for name in scorer_commands.LANGUAGES
    }


@pytest.fixture
def report(record_property) -> Callable[[str], None]:
    """A function that has a line printed when all tests are done."""
    return functools.partial(record_property, FOUND)


def pytest_terminal_summary(terminalreporter) -> None:
    reports = (each for group in terminalreporter.stats.values() for each in group)
    calls = (report for report in reports if getattr(report, "when", None) == "call")
    if lines := [
        value for call in calls for name, value in call.user_properties if name == FOUND
    ]:
        terminalreporter.section("scorers")
        for line in lines:
            terminalreporter.line(line)
