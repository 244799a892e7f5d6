"""The languages, compiled once; and what the suite found, in a few lines at the end."""

import pytest

from tests.scorers import languages
from tests.scorers.languages import Language

FOUND = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Language]:
    """The languages whose scorers are tested here."""
    return {name: languages.prepare(name, tmp_path_factory.mktemp(name)) for name in languages.LANGUAGES}


@pytest.fixture
def report(request: pytest.FixtureRequest, record_property):
    """A function that has a line printed when all tests are done."""

    def add(line: str) -> None:
        record_property("found", line)
        request.config.stash.setdefault(FOUND, []).append(line)

    return add


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if lines := config.stash.get(FOUND, []):
        terminalreporter.section("scorers")
        for line in lines:
            terminalreporter.line(line)
