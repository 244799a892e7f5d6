"""The reasons that are named for the run of a task."""

from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from nightsieve.nights.explain import SHOWN, explain
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest
from tests.support.stored_objects import ACCOUNT, manifest

SETTINGS: dict[str, JsonValue] = {
    "text": {"preset": "ascii", "min_token": 1},
    "training": {"seed": 20},
}


def receipt(task: str, key: str, **changes: object) -> Receipt:
    """Return the receipt of a task whose object has this key."""
    account = ACCOUNT.model_copy(update={"task": task, **changes})
    return Receipt(key=key, sha256="ab" * 32, bytes=1, rows_out=None, **dict(account))


def night(*tasks: Receipt, settings: Mapping[str, JsonValue] = SETTINGS) -> RunManifest:
    """Return a manifest with these receipts."""
    return manifest().model_copy(update={"tasks": tasks, "settings": settings})


def reasons(tonight: RunManifest, before: RunManifest) -> dict[str, tuple[str, ...]]:
    """Return the reasons for each task by its name."""
    explanations = explain(tonight, before)
    return {explanation.name: explanation.reasons for explanation in explanations}


def test_a_task_that_was_taken_over_has_no_reason():
    same = receipt("CleanMessages", "a-1", sections=("text",))
    changed = {**SETTINGS, "text": {"preset": "casefold", "min_token": 1}}
    assert reasons(night(same, settings=changed), night(same)) == {"CleanMessages": ()}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"date": "2026-11-20"}, "date None became 2026-11-20"),
        ({"version": 2}, "version 1 became 2"),
        ({"parameters": {"patterns": "b"}}, "parameter patterns changed"),
    ],
)
def test_a_change_of_the_task_itself_is_named(changes, reason):
    before = receipt("CompileRules", "a-1", parameters={"patterns": "a"})
    own = {"parameters": {"patterns": "a"}, **changes}
    tonight = receipt("CompileRules", "a-2", **own)
    assert reasons(night(tonight), night(before)) == {"CompileRules": (reason,)}


def test_tasks_of_a_family_are_compared_by_their_parameters():
    shards = [
        receipt("ApplyRules", f"votes-{shard}", parameters={"shard": str(shard)})
        for shard in range(3)
    ]
    changed = shards[1].model_copy(update={"key": "votes-new", "version": 2})
    assert reasons(night(shards[0], changed, shards[2]), night(*shards[:2])) == {
        "ApplyRules(shard=0)": (),
        "ApplyRules(shard=1)": ("version 1 became 2",),
        "ApplyRules(shard=2)": ("is new",),
    }


def test_a_task_of_a_family_that_the_other_night_lacks_is_new():
    assert reasons(night(receipt("A", "a-1")), night()) == {"A": ("is new",)}


def test_changed_settings_are_named_if_the_task_uses_their_section():
    before = night(receipt("CleanMessages", "a-1", sections=("text",)))
    changed = {"text": {"preset": "casefold", "min_token": 1}, "training": {"seed": 1}}
    tonight = night(
        receipt("CleanMessages", "a-2", sections=("text",)), settings=changed
    )
    assert reasons(tonight, before) == {
        "CleanMessages": ('text.preset: "ascii" became "casefold"',)
    }


def test_the_first_of_many_changes_are_named_and_the_others_counted():
    names = [f"key_{index:02}" for index in range(SHOWN + 3)]
    before = night(
        receipt("A", "a-1", sections=("all",)),
        settings={"all": dict.fromkeys(names, 1)},
    )
    tonight = night(
        receipt("A", "a-2", sections=("all",)),
        settings={"all": dict.fromkeys(names, 2)},
    )
    (named,) = reasons(tonight, before).values()
    assert len(named) == SHOWN + 1
    assert named[-1] == "3 more changes in all"


def test_a_section_that_only_one_night_has_is_a_change():
    before = night(receipt("A", "a-1", sections=("new.part",)), settings={})
    tonight = night(
        receipt("A", "a-2", sections=("new.part",)), settings={"new": {"part": 1}}
    )
    assert reasons(tonight, before) == {"A": ("new.part: null became 1",)}


def test_a_task_names_the_changed_tasks_that_it_depends_on():
    before = night(
        receipt("A", "a-1"),
        receipt("B", "b-1"),
        receipt("C", "c-1", requires=("A", "B")),
    )
    tonight = night(
        receipt("A", "a-2", version=2),
        receipt("B", "b-1"),
        receipt("C", "c-2", requires=("A", "B")),
    )
    assert reasons(tonight, before) == {
        "A": ("version 1 became 2",),
        "B": (),
        "C": ("depends on A",),
    }
