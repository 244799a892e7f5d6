"""A kept decision, carried out late: what it may still replace. Decisions are made up, so no night is run."""

import datetime

from nightsieve.store.models import Registry
from nightsieve.store.objects import store
from pipeline import report
from tasks.release import PublishModel
from tasks.retrain import freeze

FILES = {"model.json": b"{}", "manifest.json": b'{"serial": null}'}


def decided(day: int, champion: int | None, *patches: str) -> PublishModel:
    """The publication of that night in November, whose model passed against this champion."""
    PublishModel.clear_instance_cache()
    task = PublishModel(date=datetime.date(2026, 11, day), config=freeze((), patches))
    required = task.requires()
    decision = {
        "publish": True,
        "older": False,
        "override": None,
        "reasons": [],
        "champion": champion,
        "figures": {},
    }
    decision["predecessors"] = []
    required["decision"].output().dump(decision)
    for name, made in required["files"].items():
        made.output()._write(FILES.get(name, b""), None)
    return task


def published(task: PublishModel) -> tuple[int | None, str, bool]:
    """The serial that comes of it, what the night says, and whether somebody should look."""
    task.run()
    result, decision = task.output().load(), task.requires()["decision"].output().load()
    found = report.outcome({"decision": decision, "publication": result})
    return result["serial"], found.sentence, found.held_back


def current() -> int:
    return Registry(store()).current()["serial"]


def test_a_night_that_was_killed_before_it_published_does_not_replace_a_later_one(
    environment,
):
    killed = decided(20, None)
    assert published(decided(21, None))[0] == 1
    assert published(killed) == (
        None,
        "Not published: the model of a later night is.",
        False,
    )
    assert current() == 1 and killed.notices == []


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
    serial, sentence, held_back = published(waiting)
    assert serial is None and held_back and current() == 2
    assert sentence.startswith(
        "Not published: model 2 was published after this one was judged."
    )
    why = "The model of 2026-11-21 was not published: model 2 was published after it was judged."
    assert waiting.notices == [("refused", why)]
