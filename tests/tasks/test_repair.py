"""The remedies that errors of damaged objects name make a night whole again.

They do so for every kind of object of a night.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest

from nightsieve.store import layout
from tests.support.commands import fork, nightsieve
from tests.support.nights import (
    NIGHT,
    SMALL,
    assert_whole,
    finish,
    objects,
    put,
    remove,
    retrain,
    sample,
)

Objects = dict[str, bytes]

PATCHES = [*SMALL, "source.shards=2"]
#: Objects that a night does not compute: they are equal when they are made again.
READ = ("ingest/", "configs/", "layout.json")
SPEED = "release/speed-"
#: Objects that depend on the model that was published at that time.
DECISION = "release/decision-"
PUBLICATION = "release/publication-"
COMPARISON = "report/comparison-"
DECIDED = (DECISION, PUBLICATION, COMPARISON)
#: Objects that hold how long tasks took.
TIMED = ("runs/", "reports/", SPEED)


@pytest.fixture(scope="module")
def environment(night_environment) -> dict[str, str]:
    """Run one small night, and return the environment of its store."""
    sample(night_environment, rows=600)
    run_night(night_environment)
    return night_environment


@pytest.fixture
def before(environment) -> Iterator[Objects]:
    """Yield the objects of the night; require that the test leaves it whole."""
    stored = objects(environment)
    yield stored
    repaired = objects(environment)
    assert_whole(repaired)
    assert repaired.keys() == stored.keys()
    read = [key for key in stored if key.startswith(READ)]
    repeatable = [*computed(stored), *map(layout.described, read)]
    assert [key for key in repeatable if repaired[key] != stored[key]] == []
    assert published(repaired) == published(stored)
    again = nightsieve("runs", "repair", NIGHT, environment=environment)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == f"{NIGHT}  {config_of(stored)}: nothing is damaged\n"
    assert objects(environment) == repaired


def run_night(environment: dict[str, str], *options: str, code: int = 0) -> str:
    """Run the night, and return its stderr."""
    command = retrain("--local-scheduler", *options, patches=[] if options else PATCHES)
    night = fork(*command, environment=environment)
    assert night.returncode == code, night.stderr
    return night.stderr


class Repair(NamedTuple):
    """The keys that a repair named as damaged and as removed, and its output."""

    damaged: set[str]
    removed: set[str]
    output: str


def repair(environment: dict[str, str]) -> Repair:
    """Repair the night, then run the command that is printed."""
    repaired = nightsieve("runs", "repair", NIGHT, environment=environment)
    assert (repaired.returncode, repaired.stderr) == (0, "")
    prefix = environment["NIGHTSIEVE_STORAGE"] + "/"
    lines = repaired.stdout.splitlines()
    damaged = set()
    removed = set()
    for line in lines:
        if line.startswith("  s3://"):
            address = line.split(": ")[0].strip()
            damaged.add(address.removeprefix(prefix))
        elif line.startswith("Removed: "):
            address = line.split(": ")[1]
            removed.add(address.removeprefix(prefix))
    (command,) = [line for line in lines if line.startswith("Make again")]
    arguments = command.partition(": ")[2].split()
    assert arguments[:6] == ["luigi", "--module", "tasks", "Retrain", "--date", NIGHT]
    run_night(environment, *arguments[6:])
    return Repair(damaged, removed, repaired.stdout)


def damage(environment: dict[str, str], stored: Objects, keys: Iterable[str]) -> None:
    """Damage objects: shorten one, replace the next, remove the next, and so on."""
    for index, key in enumerate(keys):
        contents = [stored[key][:-3], b"another", None]
        replace(environment, key, contents[index % len(contents)])


def replace(environment: dict[str, str], key: str, content: bytes | None) -> None:
    """Write another content; remove the object if there is none."""
    if content is None:
        remove(environment, key)
    else:
        put(environment, key, content)


def config_of(stored: Objects) -> str:
    (run,) = set(filter(None, map(layout.parse_run, stored)))
    return run.config


def finishing(stored: Objects) -> set[str]:
    """Return the keys of the run manifest and of the report, which end a night."""
    config = config_of(stored)
    return {f"runs/{NIGHT}/{config}.json", f"reports/{NIGHT}/{config}/report.json"}


def published(stored: Objects) -> Objects:
    return {key: body for key, body in stored.items() if key.startswith("models/")}


def computed(stored: Objects) -> list[str]:
    """Return the keys of objects that depend only on the content of the database."""
    others = (*READ, *DECIDED, *TIMED, "models/")
    return sorted(key for key in without_receipts(stored) if not key.startswith(others))


def without_receipts(keys: Iterable[str]) -> list[str]:
    return [key for key in keys if not key.endswith(".receipt.json")]


def first_key(stored: Objects, prefix: str) -> str:
    """Return the key of the object with a prefix."""
    return next(key for key in stored if key.startswith(prefix))


def part_of_sample(stored: Objects) -> str:
    return next(key for key in stored if "/part-" in key)


@pytest.mark.parametrize("first", [0, 1])
def test_exactly_what_is_damaged_is_made_again_with_the_same_bytes(
    environment, before, first
):
    """Every other object, then the rest; of every fourth one the receipt is damaged."""
    keys = computed(before)[first::2]
    receipts = [layout.receipt(key) for key in keys[::4]]
    plain = [key for index, key in enumerate(keys) if index % 4]
    configuration = layout.configuration(config_of(before))
    damage(environment, before, [*plain, configuration])
    damage(environment, before, receipts)
    repaired = repair(environment)
    assert set(map(layout.described, repaired.damaged)) == {*keys, configuration}
    assert repaired.removed == {*keys} | finishing(before)
    configurations = f"{environment['NIGHTSIEVE_STORAGE']}/configs/"
    assert f"Written again: {configurations}" in repaired.output
    after = objects(environment)
    made_again = {key for key in before if after[key] != before[key]}
    timed = {key for key in made_again if key.startswith(TIMED)}
    assert made_again - timed == set(map(layout.receipt, keys))
    assert not [key for key in made_again if key.startswith((SPEED, *DECIDED))]


def test_what_depends_on_a_damaged_part_of_the_sample_or_reviews_is_removed(
    environment, before
):
    part = part_of_sample(before)
    reviews = first_key(before, "ingest/reviews-")
    damage(environment, before, [part, reviews])
    repaired = repair(environment)
    assert repaired.damaged == {part, reviews}
    prefixes = ("ingest/", SPEED, *DECIDED)
    dependent = {*computed(before)}
    dependent |= {key for key in without_receipts(before) if key.startswith(prefixes)}
    # Patterns are compiled without a message.
    dependent.remove(first_key(before, "labelling/compiled-"))
    assert repaired.removed == dependent | finishing(before)


def test_a_damaged_decision_is_made_again_and_what_was_published_stays(
    environment, before
):
    decision = first_key(before, DECISION)
    speed = first_key(before, SPEED)
    page = f"reports/{NIGHT}/{config_of(before)}/index.html"
    damage(environment, before, [decision, page, speed])
    repaired = repair(environment)
    assert repaired.damaged == {decision, speed, page}
    dependent = {first_key(before, PUBLICATION), first_key(before, COMPARISON)}
    assert repaired.removed == repaired.damaged | dependent | finishing(before)


@pytest.mark.parametrize("prefix", [PUBLICATION, COMPARISON, f"reports/{NIGHT}/"])
def test_what_depends_on_a_decision_is_made_again_and_the_decision_is_not(
    environment, before, prefix
):
    keys = [key for key in without_receipts(before) if key.startswith(prefix)]
    # Of the report, the index.
    (key,) = [key for key in keys if key.endswith(".json")]
    damage(environment, before, [key])
    repaired = repair(environment)
    assert repaired.damaged == {key}
    assert repaired.removed == {key} | finishing(before)
    after = objects(environment)
    receipt = layout.receipt(first_key(before, DECISION))
    assert after[receipt] == before[receipt]


def test_a_damaged_or_missing_run_manifest_is_written_again_from_the_other_objects(
    environment, before
):
    manifest, index = sorted(finishing(before), reverse=True)
    for key in (manifest, layout.receipt(manifest)):
        for content in (b"{", None):
            replace(environment, key, content)
            repaired = repair(environment)
            assert set(map(layout.described, repaired.damaged)) == {manifest}
            assert repaired.removed == {manifest, index}
            assert "no other object could be checked" in repaired.output
    after = objects(environment)
    others = [key for key in before if not key.startswith(("runs/", "reports/"))]
    assert [key for key in others if after[key] != before[key]] == []


def test_a_finished_night_writes_a_damaged_or_missing_run_manifest_again(
    environment, before
):
    manifest, _ = sorted(finishing(before), reverse=True)
    for content in (b"{", None):
        replace(environment, manifest, content)
        again = fork(*retrain(), environment=environment)
        assert again.returncode == 0, again.stderr
        stored = objects(environment)
        assert_whole(stored)
        assert manifest in stored


def test_a_night_that_is_not_finished_makes_a_missing_part_again(environment, before):
    part = part_of_sample(before)
    cleaned = [key for key in before if key.startswith("preprocessing/cleaned-")]
    for key in (*finishing(before), *cleaned, part):
        remove(environment, key)
    command = retrain("--local-scheduler", "--config", config_of(before), patches=[])
    log = finish(command, environment)
    address = f"{environment['NIGHTSIEVE_STORAGE']}/{part}"
    assert f"{address}: there is no such object; removed, to be made again" in log


def test_a_date_without_a_finished_night_is_an_error(environment, before):
    for arguments in (["2026-11-19"], [NIGHT, "--config", "0" * 16]):
        missing = nightsieve("runs", "repair", *arguments, environment=environment)
        assert missing.returncode == 3
        assert "there is no such finished run of" in missing.stderr


def test_a_damaged_registry_is_repaired_by_the_commands_that_errors_name(
    environment, before
):
    whole = published(before)
    put(environment, layout.CURRENT_MODEL, b"{")
    listed = nightsieve("models", "list", environment=environment)
    assert listed.returncode == 8
    assert listed.stderr.endswith("; run: nightsieve models repair\n")
    repaired = nightsieve("models", "repair", environment=environment)
    assert (repaired.returncode, repaired.stdout) == (0, "Model 1 is current, now\n")
    assert published(objects(environment)) == whole
    model = layout.model_file(1, "model.json")
    put(environment, model, b"{}")
    repaired = nightsieve("models", "repair", environment=environment)
    assert repaired.returncode == 8
    assert "Model 1: model.json: is not the object that was written" in repaired.stdout
    assert "there is no whole model; nothing was changed or removed" in repaired.stderr
    put(environment, model, whole[model])


def test_a_rollback_over_a_damaged_pointer_makes_its_model_the_current_one(environment):
    put(environment, layout.CURRENT_MODEL, b"{")
    reason = ["--reason", "the later one is worse"]
    restored = nightsieve("models", "rollback", "1", *reason, environment=environment)
    assert restored.returncode == 0, restored.stderr
    listed = nightsieve("models", "list", environment=environment)
    assert "current" in listed.stdout.splitlines()[1]
