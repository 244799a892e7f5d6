"""What the errors of damaged objects say to do is done, for every kind of object of a night, and the night is whole."""

from collections.abc import Iterable, Iterator

import pytest

from nightsieve.store import layout
from tests.support.commands import fork, nightsieve
from tests.support.nights import (
    NIGHT,
    SMALL,
    assert_whole,
    objects,
    put,
    remove,
    retrain,
    sample,
)

Objects = dict[str, bytes]

PATCHES = [*SMALL, "source.shards=2"]
#: What a night does not compute, and finds the same when it asks again.
ALIKE = ("ingest/", "configs/", "layout.json")
TIMED = "release/speed-"
#: What says which model was published at that time.
DECIDED = ("release/decision-", "release/publication-", "report/comparison-")
#: What holds how long tasks took.
DATED = ("runs/", "reports/", TIMED)


@pytest.fixture(scope="module")
def environment(night_environment) -> dict[str, str]:
    """The environment of a store with one small night, finished."""
    sample(night_environment, rows=600)
    run_night(night_environment)
    return night_environment


@pytest.fixture
def before(environment) -> Iterator[Objects]:
    """The objects of the night; after the test it is whole and finished again."""
    stored = objects(environment)
    yield stored
    repaired = objects(environment)
    assert_whole(repaired)
    assert repaired.keys() == stored.keys()
    given = [key for key in stored if key.startswith(ALIKE)]
    alike = [*computed(stored), *map(layout.described, given)]
    assert [key for key in alike if repaired[key] != stored[key]] == []
    assert published(repaired) == published(stored)
    again = nightsieve("runs", "repair", NIGHT, environment=environment)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == f"{NIGHT}  {config_of(stored)}: nothing is damaged\n"
    assert objects(environment) == repaired


def run_night(environment: dict[str, str], *options: str, code: int = 0) -> str:
    """Run the night; return what it said."""
    command = retrain("--local-scheduler", *options, patches=[] if options else PATCHES)
    night = fork(*command, environment=environment)
    assert night.returncode == code, night.stderr
    return night.stderr


def repair(environment: dict[str, str]) -> tuple[set[str], set[str], str]:
    """Repair the night, then run the command that is printed.

    Returns
    -------
    tuple
        Keys of the objects that were named as damaged, and as removed; the output.
    """
    repaired = nightsieve("runs", "repair", NIGHT, environment=environment)
    assert (repaired.returncode, repaired.stderr) == (0, "")
    prefix = environment["NIGHTSIEVE_STORAGE"] + "/"
    lines = repaired.stdout.splitlines()
    named = {line.split(": ")[0] for line in lines if line.startswith("  s3://")}
    gone = {line.split(": ")[1] for line in lines if line.startswith("Removed: ")}
    (command,) = (line for line in lines if line.startswith("Make again"))
    words = command.partition(": ")[2].split()
    assert words[:6] == ["luigi", "--module", "tasks", "Retrain", "--date", NIGHT]
    run_night(environment, *words[6:])
    return (
        {address.strip().removeprefix(prefix) for address in named},
        {address.removeprefix(prefix) for address in gone},
        repaired.stdout,
    )


def damage(environment: dict[str, str], stored: Objects, keys: Iterable[str]) -> None:
    """Damage objects, one after another in another way."""
    for index, key in enumerate(keys):
        ways = [stored[key][:-3], b"another", None]
        content = ways[index % len(ways)]
        if content is None:
            remove(environment, key)
        else:
            put(environment, key, content)


def config_of(stored: Objects) -> str:
    (run,) = set(filter(None, map(layout.parse_run, stored)))
    return run.config


def finishing(stored: Objects) -> set[str]:
    """The keys that say that the night is finished."""
    config = config_of(stored)
    return {f"runs/{NIGHT}/{config}.json", f"reports/{NIGHT}/{config}/report.json"}


def published(stored: Objects) -> Objects:
    return {key: body for key, body in stored.items() if key.startswith("models/")}


def computed(stored: Objects) -> list[str]:
    """The keys of what tasks made of what the database gave, by nothing but it."""
    others = (*ALIKE, *DECIDED, *DATED, "models/")
    return sorted(
        key
        for key in stored
        if not key.startswith(others) and not key.endswith(".receipt.json")
    )


@pytest.mark.parametrize("first", [0, 1])
def test_exactly_what_is_damaged_is_made_again_with_the_same_bytes(
    environment, before, first
):
    """Every other object, then the rest; of some it is the receipt that is damaged."""
    keys = computed(before)[first::2]
    receipts = [layout.receipt(key) for key in keys[::4]]
    plain = [key for index, key in enumerate(keys) if index % 4]
    configuration = layout.configuration(config_of(before))
    damage(environment, before, [*plain, configuration])
    damage(environment, before, receipts)
    named, removed, output = repair(environment)
    assert {layout.described(key) for key in named} == {*keys, configuration}
    assert removed == {*keys} | finishing(before)
    assert f"Written again: {environment['NIGHTSIEVE_STORAGE']}/configs/" in output
    after = objects(environment)
    made_again = {key for key in before if after[key] != before[key]}
    expected = {layout.receipt(key) for key in keys}
    dated = {key for key in made_again if key.startswith(DATED)}
    assert made_again - dated == expected
    for prefix in (TIMED, *DECIDED):
        assert not [key for key in made_again if key.startswith(prefix)]


def test_where_a_part_of_the_sample_or_the_reviews_are_damaged_all_that_rests_on_them_goes(
    environment, before
):
    part = next(key for key in before if "/part-" in key)
    reviews = next(key for key in before if key.startswith("ingest/reviews-"))
    damage(environment, before, [part, reviews])
    named, removed, _ = repair(environment)
    assert named == {part, reviews}
    parts = {key for key in before if key.startswith("ingest/")}
    dependent = {*computed(before), *parts}
    dependent |= {key for key in before if key.startswith((TIMED, *DECIDED))}
    dependent = {key for key in dependent if not key.endswith(".receipt.json")}
    compiled = {key for key in dependent if key.startswith("labelling/compiled-")}
    assert removed == dependent - compiled | finishing(before)


def test_a_damaged_decision_is_made_again_and_what_was_published_stays(
    environment, before
):
    decision, publication, comparison = (
        next(key for key in before if key.startswith(prefix)) for prefix in DECIDED
    )
    speed = next(key for key in before if key.startswith(TIMED))
    page = f"reports/{NIGHT}/{config_of(before)}/index.html"
    damage(environment, before, [decision, page, speed])
    named, removed, _ = repair(environment)
    assert named == {decision, speed, page}
    also = {publication, comparison} | finishing(before)
    assert removed == named | also


@pytest.mark.parametrize("way", ["publication", "comparison", "report"])
def test_what_comes_of_a_decision_is_made_again_and_the_decision_is_not(
    environment, before, way
):
    key = next(
        key
        for key in before
        if key.startswith(f"release/{way}-")
        or key.startswith(f"report/{way}-")
        or key.endswith(f"/{way}.json")
    )
    damage(environment, before, [key])
    named, removed, _ = repair(environment)
    assert named == {key}
    assert removed == {key} | finishing(before)
    after = objects(environment)
    decision = next(key for key in before if key.startswith(DECIDED[0]))
    assert after[layout.receipt(decision)] == before[layout.receipt(decision)]


def test_a_damaged_or_missing_run_manifest_is_written_again_from_what_is_there(
    environment, before
):
    manifest, index = sorted(finishing(before), reverse=True)
    for key in (manifest, layout.receipt(manifest)):
        for content in (b"{", None):
            if content is None:
                remove(environment, key)
            else:
                put(environment, key, content)
            named, removed, output = repair(environment)
            assert {layout.described(key) for key in named} == {manifest}
            assert removed == {manifest, index}
            assert "no other object could be checked" in output
    after = objects(environment)
    unlike = {key for key in before if after[key] != before[key]}
    assert {key for key in unlike if not key.startswith(("runs/", "reports/"))} == set()


def test_what_a_night_that_is_not_finished_says_of_a_damaged_part_makes_it_again(
    environment, before
):
    part = next(key for key in before if "/part-" in key)
    cleaned = [key for key in before if key.startswith("preprocessing/cleaned-")]
    for key in (*finishing(before), *cleaned, part):
        remove(environment, key)
    said = run_night(environment, "--config", config_of(before), code=30)
    manifest = part.partition("/part-")[0] + ".json"
    address = f"{environment['NIGHTSIEVE_STORAGE']}/{manifest}"
    assert f"there is no such object; delete {address} and run the night again" in said
    remove(environment, manifest)
    run_night(environment)


def test_a_date_without_a_finished_night_is_an_error(environment, before):
    for arguments in (["2026-11-19"], [NIGHT, "--config", "0" * 16]):
        missing = nightsieve("runs", "repair", *arguments, environment=environment)
        assert missing.returncode == 3
        assert "there is no such finished run of" in missing.stderr


def test_the_models_of_a_damaged_registry_are_repaired_by_the_commands_that_errors_name(
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
    assert "models rollback, or run a night" in repaired.stderr
    put(environment, model, whole[model])


def test_a_rollback_over_a_damaged_pointer_makes_its_model_the_current_one(environment):
    put(environment, layout.CURRENT_MODEL, b"{")
    reason = ["--reason", "the later one is worse"]
    restored = nightsieve("models", "rollback", "1", *reason, environment=environment)
    assert restored.returncode == 0, restored.stderr
    listed = nightsieve("models", "list", environment=environment)
    assert "current" in listed.stdout.splitlines()[1]
