"""The model of a worker process, and what it says: without any service."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings
from sklearn.linear_model import LogisticRegression

from nightsieve.serving.contract.preparation import ServedModel, prepare_model
from pipeline.errors import StorageError
from tests.support.commands import run
from tests.support.exported_models import ALL_WORDS, NASTY, exported, fixed
from tests.support.inbox import FOLDER, wait_until

CONTENT = exported(fixed(LogisticRegression(C=5)))
OTHER = exported(fixed(LogisticRegression(C=5), 2))


@pytest.fixture(scope="module")
def current_model() -> Iterator[ModuleType]:
    """Return the module of the example, with settings of no project."""
    if not settings.configured:
        settings.configure()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        from inbox import current_model  # noqa: PLC0415 - the path is set above

        yield current_model


def test_labels_and_scores_are_those_of_nightsieve_score(
    current_model: ModuleType, tmp_path: Path
):
    from inbox.labelling import label_texts  # noqa: PLC0415 - as above

    file = tmp_path / "model.json"
    file.write_bytes(CONTENT)
    # The command reads lines of UTF-8.
    texts = [*ALL_WORDS, *NASTY, " ".join(ALL_WORDS)]
    lines = [text for text in texts if "\n" not in text and "\ud83d" not in text]
    lines = [line for line in lines if "\udd11" not in line]
    done = run("nightsieve", "score", str(file), environment={}, input="\n".join(lines))
    expected = [json.loads(line) for line in done.stdout.splitlines()]
    labelled = label_texts(prepare_model(CONTENT), lines)
    assert [result._asdict() for result in labelled] == expected


def test_the_last_good_model_stays_until_a_newer_one_can_be_read(
    current_model: ModuleType,
):
    first = prepare_model(CONTENT, 1)
    second = prepare_model(OTHER, 2)
    answers: list[ServedModel | Exception] = [first]
    asked = []

    def read(held: ServedModel | None) -> ServedModel:
        asked.append(held)
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    holder = current_model.CurrentModel(read, seconds=0.01)
    assert holder.get() is first
    for failure in (StorageError("away"), ValueError("damaged")):
        answers[0] = failure
        asked.clear()
        wait_until(lambda: len(asked) > 2)
        assert holder.get() is first
    answers[0] = second
    wait_until(lambda: holder.get() is second)


def test_without_a_model_each_task_asks_again(current_model: ModuleType):
    answers: list[ServedModel | Exception] = [StorageError("away")]

    def read(held: ServedModel | None) -> ServedModel:
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    holder = current_model.CurrentModel(read, seconds=60)
    with pytest.raises(current_model.NoModelError, match="away"):
        holder.get()
    answers[0] = prepare_model(CONTENT, 1)
    assert holder.get() is answers[0]


def test_a_model_file_that_changes_is_read_again(
    current_model: ModuleType, tmp_path: Path
):
    file = tmp_path / "model.json"
    file.write_bytes(CONTENT)
    held = current_model.read_file(file, None)
    assert current_model.read_file(file, held) is held
    file.write_bytes(OTHER)
    assert current_model.read_file(file, held).scorer.labels != held.scorer.labels
