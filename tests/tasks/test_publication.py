"""A kept decision, carried out late, as the task and the notices say it.

Decisions are made up, so no night is run. What the store does of it is in tests/store.
"""

from nightsieve.store.configurations import freeze, store_settings
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.version import claim_layout
from pipeline.records.release import OutcomeKind, outcome_of
from tasks.release import PublishModel
from tests.support.stored_objects import FILES, decision, november


def store() -> Store:
    return Store.from_environment()


def decided(day: int, champion: int | None, *patches: str) -> PublishModel:
    """The publication of that night in November, whose model passed."""
    PublishModel.clear_instance_cache()
    config = freeze(store(), (), patches)
    claim_layout(store())
    store_settings(store(), config)
    task = PublishModel(date=november(day), config=config)
    required = task.requires()
    required["decision"].output().dump(decision(champion))
    for name, made in required["files"].items():
        content = FILES.get(name, b"")
        made.output().artefact.write(content, None, made.account())
    return task


def published(task: PublishModel) -> tuple[int | None, OutcomeKind]:
    """The serial that comes of it, and what became of the model."""
    task.run()
    publication = task.output().load()
    decision = task.requires()["decision"].output().load()
    return publication.serial, outcome_of(decision, publication)


def current() -> int:
    return Registry(store()).current().serial


def test_a_night_that_was_killed_before_it_published_does_not_replace_a_later_one(
    environment,
):
    killed = decided(20, None)
    assert published(decided(21, None)) == (1, OutcomeKind.PUBLISHED)
    assert published(killed) == (None, OutcomeKind.OLDER)
    assert not OutcomeKind.OLDER.held_back
    assert current() == 1 and list(killed.notices) == []


def test_a_decision_is_published_once_whatever_is_to_be_kept_by_then(environment):
    for day, champion in ((20, None), (21, 1)):
        published(decided(day, champion))
    assert published(decided(20, None, "release.keep.models=31"))[0] == 1
    assert Registry(store()).serials() == [1, 2] and current() == 2
    Registry(store()).remove(1)
    assert published(decided(20, None, "release.keep.models=32"))[0] is None
    assert current() == 2


def test_a_model_that_was_judged_before_a_rollback_does_not_undo_it(environment):
    published(decided(20, None))
    waiting = decided(21, 1)
    Registry(store()).roll_back(1, "the one before was better")
    assert published(waiting) == (None, OutcomeKind.OVERTAKEN)
    assert OutcomeKind.OVERTAKEN.held_back and current() == 2
    ((event, text),) = waiting.notices
    assert event == "refused" and text == (
        "The model of 2026-11-21 was not published: model 2 was published after it "
        "was judged."
    )
