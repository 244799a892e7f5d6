"""Each scorer keeps each clause of docs/format.md, "Reading"."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.scorers.clauses import REFUSED
from tests.scorers.edited import Edit, read, settle, write
from tests.scorers.inside import LOADED
from tests.scorers.spellings import LOADED_BYTES, REFUSED_BYTES
from tests.support import scorer_models
from tests.support.scorer_commands import Language, everywhere

TEXTS = [
    "",
    "call me nul\0nul FREE\u0130 123 \U0001d400\U00010400 \ud83d "
    "free free in the \u2122",
    "u u u u is bc",
]
# Edits of these entries are wrong because the others are not settled.
UNSETTLED = ("limits", "self_test", "")
Key = tuple[str, ...]  # the name of a table, and where an edit is in it


def cases() -> Iterator[tuple[str, str]]:
    """Yield the entry and the name of each edit of `REFUSED`."""
    for entry, edits in REFUSED.items():
        for name in edits:
            yield entry, name


def edited_files() -> dict[Key, bytes]:
    """Return the edited files by the table and the name of their edit."""
    good = scorer_models.exported(scorer_models.handmade())
    files: dict[Key, bytes] = {}
    for entry, name in cases():
        must_settle = entry not in UNSETTLED
        files["refused", entry, name] = refused_file(
            good, REFUSED[entry][name], must_settle
        )
    for name, edit in LOADED.items():
        entries = read(good)
        edit(entries)
        settle(entries)
        files["loaded", name] = write(entries)
    for name, bytes_edit in REFUSED_BYTES.items():
        files["refused bytes", name] = bytes_edit(good)
    for name, bytes_edit in LOADED_BYTES.items():
        files["loaded bytes", name] = bytes_edit(good)
    return files


def refused_file(good: bytes, edit: Edit, must_settle: bool) -> bytes:
    entries = read(good)
    edit(entries)
    if must_settle:
        # Entries that are too wrong to score with have no limits or self-test, and
        # are refused at least for those.
        with contextlib.suppress(TypeError, ValueError, LookupError, ArithmeticError):
            settle(entries)
    return write(entries)


@pytest.fixture(scope="module")
def outcomes(running, tmp_path_factory) -> dict[Key, dict[str, str]]:
    """The outcome of each edited file, by language."""
    files = edited_files()
    folder = tmp_path_factory.mktemp("edited")
    paths = [folder / str(index) for index in range(len(files))]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)

    def drive(language: Language) -> list[str]:
        return language.drive([(language.scorer, path) for path in paths], TEXTS)

    driven = everywhere(running, drive)
    by_file = zip(*driven.values(), strict=True)
    return {
        key: dict(zip(driven, file_outcomes, strict=True))
        for key, file_outcomes in zip(files, by_file, strict=True)
    }


@pytest.mark.parametrize(("entry", "name"), list(cases()))
def test_a_file_is_refused_for_the_entry_that_is_wrong(entry, name, outcomes):
    for language, outcome in outcomes["refused", entry, name].items():
        assert outcome.startswith("refused "), f"{language}: {outcome:.300}"
        assert entry in outcome, f"{language}: {outcome:.300}"


@pytest.mark.parametrize("name", LOADED)
def test_a_file_just_inside_the_bounds_is_loaded_and_scores_the_same(name, outcomes):
    assert_same(outcomes["loaded", name])


@pytest.mark.parametrize("name", REFUSED_BYTES)
def test_a_file_that_is_written_wrongly_is_refused(name, outcomes):
    for language, outcome in outcomes["refused bytes", name].items():
        assert outcome.startswith("refused "), f"{language}: {outcome:.300}"


@pytest.mark.parametrize("name", LOADED_BYTES)
def test_a_file_that_is_written_strangely_is_loaded(name, outcomes):
    assert_same(outcomes["loaded bytes", name])


def assert_same(outcome_by_language: dict[str, str]) -> None:
    expected = outcome_by_language["python"]
    assert expected.startswith("scored "), expected[:300]
    for language, outcome in outcome_by_language.items():
        assert outcome == expected, f"{language}: {outcome:.300}"
