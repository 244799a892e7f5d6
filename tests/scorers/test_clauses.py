"""Each clause of docs/format.md, "Reading", held against each scorer."""

import contextlib

import pytest

from tests.scorers.clauses import REFUSED
from tests.scorers.edited import read, settle, written
from tests.scorers.inside import LOADED
from tests.scorers.spellings import LOADED_BYTES, REFUSED_BYTES
from tests.support import scorer_models
from tests.support.scorer_commands import everywhere

TEXTS = [
    "",
    "call me nul\0nul FREE\u0130 123 \U0001d400\U00010400 \ud83d free free in the \u2122",
    "u u u u is bc",
]
UNSETTLED = (
    "limits",
    "self_test",
    "",
)  # wrong there: what the others' edits make right


def files() -> dict[tuple[str, ...], bytes]:
    """The edited files by where they stand in the tables."""
    good = scorer_models.exported(scorer_models.handmade())
    found = {}
    for entry, edits in REFUSED.items():
        for name, edit in edits.items():
            entries = read(good)
            edit(entries)
            if entry not in UNSETTLED:
                # What is wrong enough has no limits or self-test, and is refused for them if for nothing else.
                with contextlib.suppress(
                    TypeError, ValueError, LookupError, ArithmeticError
                ):
                    settle(entries)
            found["refused", entry, name] = written(entries)
    for name, edit in LOADED.items():
        entries = read(good)
        edit(entries)
        settle(entries)
        found["loaded", name] = written(entries)
    found |= {("misspelt", name): edit(good) for name, edit in REFUSED_BYTES.items()}
    return found | {("spelt", name): edit(good) for name, edit in LOADED_BYTES.items()}


@pytest.fixture(scope="module")
def outcomes(running, tmp_path_factory) -> dict[tuple[str, ...], dict[str, str]]:
    """What becomes of each edited file, by language."""
    edited, folder = files(), tmp_path_factory.mktemp("edited")
    paths = [folder / str(place) for place in range(len(edited))]
    for path, content in zip(paths, edited.values(), strict=True):
        path.write_bytes(content)
    driven = everywhere(
        running,
        lambda language: language.drive(
            [(language.scorer, path) for path in paths], TEXTS
        ),
    )
    return {
        key: {name: found[place] for name, found in driven.items()}
        for place, key in enumerate(edited)
    }


@pytest.mark.parametrize(
    "entry, name", [(entry, name) for entry, edits in REFUSED.items() for name in edits]
)
def test_a_file_is_refused_for_the_entry_that_is_wrong(entry, name, outcomes):
    for language, outcome in outcomes["refused", entry, name].items():
        assert outcome.startswith("refused ") and entry in outcome, (
            f"{language}: {outcome:.300}"
        )


@pytest.mark.parametrize("name", LOADED)
def test_what_lies_just_inside_is_loaded_and_scores_the_same(name, outcomes):
    _assert_same(outcomes["loaded", name])


@pytest.mark.parametrize("name", REFUSED_BYTES)
def test_a_file_is_refused_that_is_written_wrongly(name, outcomes):
    for language, outcome in outcomes["misspelt", name].items():
        assert outcome.startswith("refused "), f"{language}: {outcome:.300}"


@pytest.mark.parametrize("name", LOADED_BYTES)
def test_a_file_is_loaded_that_is_written_strangely(name, outcomes):
    _assert_same(outcomes["spelt", name])


def _assert_same(outcome: dict[str, str]) -> None:
    assert outcome["python"].startswith("scored "), outcome["python"][:300]
    for language, found in outcome.items():
        assert found == outcome["python"], f"{language}: {found:.300}"
