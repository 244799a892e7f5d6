"""Publishing a decision, also one that was made long before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightsieve.store import history, layout
from nightsieve.store.models import Registry
from nightsieve.store.publication import (
    other_content_warnings,
    overtaken_by,
    prune,
    publish_decision,
    read_opponents,
)
from pipeline.config.settings import Keep
from pipeline.records.export import MODEL_FILE
from pipeline.records.release import Decision, Overtaken, Publication
from pipeline.release import Opponents, PublishedModel
from tests.support.damages import DAMAGES
from tests.support.memory_store import MemoryStore, do_nothing
from tests.support.stored_objects import (
    CONFIG,
    FIGURES,
    FILES,
    decision,
    facts,
    november,
    write_run,
)

KEEP = Keep(models=9, runs=9)
TODAY = november(25)


def carry_out(
    registry: Registry, day: int, decided: Decision, keep: Keep = KEEP
) -> Publication:
    """Publish the decision of a night in November; its name has the day."""
    traits = facts(november(day)).traits
    return publish_decision(
        registry,
        f"night{day}",
        decided,
        files=FILES,
        traits=traits,
        config=CONFIG,
        keep=keep,
        today=TODAY,
    )


@pytest.fixture
def registry() -> Registry:
    return Registry(MemoryStore())


def test_a_model_that_passed_becomes_current_with_its_facts(registry):
    done = carry_out(registry, 20, decision())
    assert done == Publication(serial=1, overtaken=None, removed=())
    later = decision(champion=1, predecessors=(1,))
    assert carry_out(registry, 21, later).serial == 2
    entry = registry.champion()
    assert (entry.serial, entry.champion, entry.predecessors) == (2, 1, (1,))
    assert (entry.date, entry.config, entry.figures) == (november(21), CONFIG, FIGURES)


def test_a_refused_model_leaves_everything_as_it_is(registry):
    carry_out(registry, 20, decision())
    before = dict(registry.store.objects)
    refused = carry_out(registry, 21, decision(champion=1, publish=False))
    assert refused == Publication(serial=None, overtaken=None, removed=())
    assert registry.store.objects == before


def test_a_night_that_publishes_late_does_not_replace_a_later_one(registry):
    assert carry_out(registry, 21, decision()).serial == 1
    late = carry_out(registry, 20, decision())
    overtaken = Overtaken(serial=1, date=november(21), later=True)
    assert late == Publication(serial=None, overtaken=overtaken, removed=())
    assert registry.current().serial == 1


def test_a_model_that_was_judged_before_a_rollback_does_not_undo_it(registry):
    carry_out(registry, 20, decision())
    registry.roll_back(1, "the one before was better")
    late = carry_out(registry, 21, decision(champion=1))
    overtaken = Overtaken(serial=2, date=november(20), later=False)
    assert late == Publication(serial=None, overtaken=overtaken, removed=())
    assert registry.current().serial == 2


def test_a_decision_is_published_once_whatever_the_retention_is(registry):
    first = decision()
    second = decision(champion=1)
    carry_out(registry, 20, first)
    carry_out(registry, 21, second)
    assert carry_out(registry, 20, first, Keep(models=31, runs=9)).serial == 1
    assert registry.serials() == [1, 2]
    assert registry.current().serial == 2
    registry.remove(1)
    assert carry_out(registry, 20, first).serial is None
    assert registry.current().serial == 2


def test_removed_models_are_named_and_the_champion_of_tonight_is_kept(registry):
    keep = Keep(models=1, runs=1)
    for day in (20, 21, 22):
        carry_out(registry, day, decision(champion=(day - 20) or None))
    done = carry_out(registry, 23, decision(champion=3), keep)
    assert (done.serial, done.removed) == (4, (1, 2))
    assert registry.serials() == [3, 4]


@pytest.mark.parametrize("champion", [None, 7])
def test_a_decision_holds_as_long_as_its_champion_is_current(registry, champion):
    current = registry.publish("night", FILES, facts(november(20)))
    current = current.model_copy(update={"serial": champion or 1})
    assert overtaken_by(None, decision(champion), november(20), TODAY) is None
    same = decision(current.serial)
    assert overtaken_by(current, same, november(20), TODAY) is None
    other = overtaken_by(current, decision(99), november(20), TODAY)
    assert (other.serial, other.later) == (current.serial, False)


@given(night=st.dates(), today=st.dates(), published=st.dates())
def test_a_night_in_the_future_overtakes_no_real_one(night, today, published):
    registry = Registry(MemoryStore())
    current = registry.publish("night", FILES, facts(published))
    overtaken = overtaken_by(current, decision(99), night, today)
    if night <= today < published:
        assert overtaken is None
    else:
        assert overtaken.later is (published > night)


def test_a_killed_publication_is_continued_with_the_same_serial(registry):
    memory = registry.store
    for deadly in range(1, 40):
        requests = iter(range(1, 99))

        def count(requests=requests, deadly=deadly) -> None:
            if next(requests) == deadly:
                raise KeyboardInterrupt

        memory.objects.clear()
        carry_out(registry, 20, decision())
        memory.before = count
        killed = False
        try:
            carry_out(registry, 21, decision(champion=1))
        except KeyboardInterrupt:
            killed = True
        memory.before = do_nothing
        done = carry_out(registry, 21, decision(champion=1))
        complete = registry.serials()
        assert complete == [1, done.serial] == [1, registry.current().serial]
        if not killed:
            assert deadly > 15
            return
        assert layout.model_entry(done.serial) in memory.objects
    raise AssertionError("the publication was killed at every request")


def serial_of(model: PublishedModel | None) -> int | None:
    return None if model is None else model.entry.serial


@pytest.mark.parametrize(
    ("publications_back", "expected"), [(None, [3, None]), (2, [3, 2]), (7, [3, 1])]
)
def test_the_opponents_are_the_published_model_and_one_before_it(
    registry, publications_back, expected
):
    assert read_opponents(registry, publications_back, "tonight") == Opponents()
    for day, predecessors in ((18, ()), (19, (1,)), (20, (1, 2))):
        registry.publish(f"night{day}", FILES, facts(november(day), predecessors))
    opponents = read_opponents(registry, publications_back, "tonight")
    serials = [serial_of(opponents.champion), serial_of(opponents.earlier)]
    assert serials == expected
    # The files are invented, so this version cannot read them.
    assert opponents.champion.contender is None
    assert opponents.champion.unsupported


def test_a_decision_that_is_lost_after_its_model_was_published_is_made_again_alike(
    registry,
):
    registry.publish("night19", FILES, facts(november(19)))
    before = read_opponents(registry, None, "night20")
    assert carry_out(registry, 20, decision(champion=1)).serial == 2
    assert read_opponents(registry, None, "night20") == before
    # A decision that comes out otherwise does not hide what is published.
    for publish in (True, False):
        again = carry_out(registry, 20, decision(champion=1, publish=publish))
        assert again == Publication(serial=2, overtaken=None, removed=())
    assert registry.serials() == [1, 2]


def test_a_model_that_the_decision_published_before_with_another_content_is_named(
    registry,
):
    published = carry_out(registry, 20, decision())
    assert other_content_warnings(registry, published, FILES) == []
    tonight = {**FILES, MODEL_FILE: b"another"}
    (warning,) = other_content_warnings(registry, published, tonight)
    assert warning.startswith("model 1 was published before by this decision")
    refused = Publication(serial=None, overtaken=None, removed=())
    assert other_content_warnings(registry, refused, tonight) == []


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("receipt", [False, True], ids=["object", "receipt"])
def test_retention_removes_nothing_while_a_damaged_run_may_have_named_a_champion(
    registry, damage, receipt, caplog
):
    for day in range(1, 5):
        registry.publish(f"night{day}", FILES, facts(november(day)))
    write_run(registry.store, november(5), champion=1)
    write_run(registry.store, november(6), champion=2)
    key = layout.run(november(5), CONFIG)
    damaged = layout.receipt(key) if receipt else key
    objects = registry.store.objects
    whole = objects[damaged]
    objects[damaged] = damage(whole)
    history._warned.clear()
    keep = Keep(models=1, runs=2)
    assert prune(registry, keep, champion=None) == ()
    assert f"s3://memory/{damaged}: " in caplog.text
    assert "until then no model is removed" in caplog.text
    objects[damaged] = whole
    # A damaged entry is not removed: nobody knows of which night it is.
    objects[layout.model_entry(3)] = damage(objects[layout.model_entry(3)])
    assert prune(registry, keep, champion=None) == ()
    assert f"s3://memory/{layout.model_entry(3)}: " in caplog.text
    objects.pop(layout.model_entry(3))
    assert prune(registry, Keep(models=1, runs=1), champion=None) == (1,)
