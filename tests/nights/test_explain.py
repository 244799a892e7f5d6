"""What is named as the reason why a task ran."""

from typing import Any

import pytest

from nightsieve.nights.explain import SHOWN, explain
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest
from tests.support.stored_objects import ACCOUNT, manifest

SETTINGS = {"text": {"preset": "ascii", "min_token": 1}, "training": {"seed": 20}}


def receipt(task: str, key: str, **changes: Any) -> Receipt:
    """The receipt of a task whose object has that key."""
    account = {**dict(ACCOUNT), "task": task, **changes}
    return Receipt(key=key, sha256="ab" * 32, bytes=1, rows_out=None, **account)


def night(*tasks: Receipt, settings: dict[str, Any] = SETTINGS) -> RunManifest:
    """A manifest with these receipts."""
    return manifest().model_copy(update={"tasks": tasks, "settings": settings})


def reasons(tonight: RunManifest, before: RunManifest) -> dict[str, tuple[str, ...]]:
    return {each.name: each.reasons for each in explain(tonight, before)}


def test_a_task_that_was_taken_over_has_no_reason():
    same = receipt("CleanMessages", "a-1", sections=("text",))
    changed = {**SETTINGS, "text": {"preset": "casefold", "min_token": 1}}
    assert reasons(night(same, settings=changed), night(same)) == {"CleanMessages": ()}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"date": "2026-11-20"}, "date None became 2026-11-20"),
        ({"version": 2}, "version 1 became 2"),
        ({"parameters": {"patterns": "b"}}, "other patterns"),
    ],
)
def test_what_of_the_task_itself_changed_is_named(changes, reason):
    before = receipt("CompileRules", "a-1", parameters={"patterns": "a"})
    own = {"parameters": {"patterns": "a"}, **changes}
    tonight = receipt("CompileRules", "a-2", **own)
    assert reasons(night(tonight), night(before)) == {"CompileRules": (reason,)}


def test_of_several_tasks_those_with_the_same_parameters_are_compared():
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


def test_a_task_of_a_family_that_the_other_night_has_not_is_new():
    assert reasons(night(receipt("A", "a-1")), night()) == {"A": ("is new",)}


def test_the_settings_that_changed_are_named_those_of_other_sections_are_not():
    before = night(receipt("CleanMessages", "a-1", sections=("text",)))
    changed = {"text": {"preset": "casefold", "min_token": 1}, "training": {"seed": 1}}
    tonight = night(
        receipt("CleanMessages", "a-2", sections=("text",)), settings=changed
    )
    assert reasons(tonight, before) == {
        "CleanMessages": ('text.preset: "ascii" became "casefold"',)
    }


def test_of_many_changes_the_first_are_named_and_the_others_counted():
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
    assert len(named) == SHOWN + 1 and named[-1] == "3 more of all"


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
