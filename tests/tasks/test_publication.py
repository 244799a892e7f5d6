"""A stored decision that is carried out late, as the task and the notices report it.

Decisions are made up, so no night is run. tests/store tests the store's part.
"""

import datetime

from nightsieve.store.configurations import freeze, store_settings
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.version import claim_layout
from pipeline.records.release import OutcomeKind, outcome_of
from tasks.export import model_files
from tasks.luigi_setup.parameters import today
from tasks.release import GateModel, PublishModel
from tests.support.stored_objects import FILES, decision, facts, november


def store() -> Store:
    return Store.from_environment()


def decided(day: int, champion: int | None, *patches: str) -> PublishModel:
    """Return the publication of a night in November whose model passed."""
    PublishModel.clear_instance_cache()
    config = freeze(store(), (), patches)
    claim_layout(store())
    store_settings(store(), config)
    task = PublishModel(date=november(day), config=config)
    task.clone(GateModel).output().dump(decision(champion))
    for name, file_task in model_files(task).items():
        content = FILES.get(name, b"")
        file_task.output().artefact.write(content, None, file_task.account())
    return task


def published(task: PublishModel) -> tuple[int | None, OutcomeKind]:
    """Publish, and return the serial and the outcome."""
    task.run()
    publication = task.output().load()
    decision = task.clone(GateModel).output().load()
    return publication.serial, outcome_of(decision, publication)


def current() -> int:
    model = Registry(store()).current()
    assert model is not None
    return model.serial


def test_a_night_that_was_killed_before_it_published_does_not_replace_a_later_one(
    environment,
):
    killed = decided(20, None)
    assert published(decided(21, None)) == (1, OutcomeKind.PUBLISHED)
    assert published(killed) == (None, OutcomeKind.OLDER)
    assert not OutcomeKind.OLDER.held_back
    assert current() == 1
    assert list(killed.notices) == []


def test_a_decision_is_published_once_whatever_models_are_kept_then(environment):
    published(decided(20, None))
    published(decided(21, 1))
    assert published(decided(20, None, "release.keep.models=31"))[0] == 1
    assert Registry(store()).serials() == [1, 2]
    assert current() == 2
    Registry(store()).remove(1)
    assert published(decided(20, None, "release.keep.models=32"))[0] is None
    assert current() == 2


def test_a_night_in_the_future_that_was_published_meanwhile_overtakes_no_real_night(
    environment,
):
    waiting = decided(20, None)
    tomorrow = today() + datetime.timedelta(days=1)
    Registry(store()).publish("tomorrow", FILES, facts(tomorrow))
    assert published(waiting) == (2, OutcomeKind.PUBLISHED)
    assert current() == 2


def test_a_model_that_was_judged_before_a_rollback_does_not_undo_it(environment):
    published(decided(20, None))
    waiting = decided(21, 1)
    Registry(store()).roll_back(1, "the one before was better")
    assert published(waiting) == (None, OutcomeKind.OVERTAKEN)
    assert OutcomeKind.OVERTAKEN.held_back
    assert current() == 2
    ((event, text),) = waiting.notices
    assert event == "refused"
    assert text == (
        "The model of 2026-11-21 was not published: model 2 was published after it "
        "was judged."
    )
