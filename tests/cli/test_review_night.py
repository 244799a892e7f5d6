"""Reviews of a real night: what trained is not evaluated, and a sheet goes out and comes back."""

import csv
import datetime
import json
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psycopg2
import pytest
from click.testing import CliRunner

from nightsieve.cli import review_sheet
from nightsieve.cli.commands.reviews import reviews as command
from nightsieve.nights import reviewable
from nightsieve.nights.find import find_night
from nightsieve.nights.reviewable import NightModels
from nightsieve.store.objects import Store
from pipeline.errors import ConfigError
from pipeline.records.run import RunManifest
from tests.support.commands import forget, fork, nightsieve
from tests.support.nights import NIGHT, RULES, SMALL, retrain, sample

LABELS = ("notification", "personal", "spam")
TAUGHT = "What the clerk says of this text is not what any rule says"
WITH_ANNOTATORS = "source.reviews.columns.annotator={name: annotator, dtype: string}"
TEACHING = [
    *SMALL,
    WITH_ANNOTATORS,
    "training.reviews={sources: [correction], weight: 3}",
    "training.holdout_fraction=0",
]
LAYERS = [word for patch in TEACHING for word in ("--patch", patch)]


@pytest.fixture(scope="module")
def night(night_environment) -> dict[str, str]:
    """The environment of a night in which a correction trained, its text having been reviewed by others too."""
    sample(night_environment, rows=800)
    messages = [
        (f"taught {n}", f"{TAUGHT} {n}", "2026-11-01T00:00:00Z") for n in range(2)
    ]
    given = [
        ("taught 0", "spam", "correction"),
        ("taught 0", "personal", "crowd"),
        ("taught 1", "spam", "crowd"),
    ]
    url = night_environment["NIGHTSIEVE_DATABASE_URL"]
    with (
        closing(psycopg2.connect(url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.executemany(
            "INSERT INTO messages (key, body, received_at) VALUES (%s, %s, %s)",
            messages,
        )
        cursor.executemany(
            "INSERT INTO reviews (message_key, label, source) VALUES (%s, %s, %s)",
            given,
        )
    done = fork(*retrain(patches=TEACHING), environment=night_environment)
    assert done.returncode == 0, done.stderr
    return night_environment


@pytest.fixture
def store(night, monkeypatch) -> Iterator[Store]:
    """The store of the night, whose environment is this process's."""
    for name, value in night.items():
        monkeypatch.setenv(name, value)
    forget()
    yield Store.from_environment()
    forget()


@pytest.fixture
def manifest(store) -> RunManifest:
    """The manifest of the night."""
    return find_night(store, datetime.date.fromisoformat(NIGHT))


def reviews(*arguments: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(command, arguments)
    if result.exception:
        raise result.exception
    return result.stdout


def test_what_trained_is_not_evaluated(manifest):
    given = manifest.receipt("IngestReviews").rows_out
    # Digits are one shape: the correction's text is that of the second message too.
    assert manifest.results.reviews.reviews == given - 3
    assert manifest.receipt("LabelByReviews").rows_out == 1
    for task in ("EvaluateOnReviews", "SummariseRules", "GateModel"):
        requires = manifest.receipt(task).requires
        assert "AggregateReviews" in requires
        assert "IngestReviews" not in requires
    assert "LabelByReviews" in manifest.receipt("BuildTrainingSet").requires


def test_a_sheet_goes_out_comes_back_and_annotators_agree(manifest, tmp_path):
    first, again, other = (
        tmp_path / name for name in ("first.csv", "again.csv", "other.jsonl")
    )
    done = reviews("sheet", NIGHT, "--to", str(first), "--count", "40")
    assert done.startswith(
        f"40 messages for 3 annotators written to {first}\nwhy: 0 flipped, 10 unseen, "
    )
    reviews("sheet", NIGHT, "--to", str(again), "--count", "40")
    assert first.read_bytes() == again.read_bytes()
    with pytest.raises(ConfigError, match="is there already, perhaps filled in"):
        reviews("sheet", NIGHT, "--to", str(first), "--count", "40")

    with first.open(encoding="utf-8-sig", newline="") as file:
        asked = list(csv.DictReader(file))
    assert len(asked) == 120 and not {"taught 0", "taught 1"} & {
        row["message_key"] for row in asked
    }
    assert not [
        row["text"] for row in asked if any(c in "123456789" for c in row["text"])
    ]
    chance = np.random.default_rng(1)
    truth = {row["message_key"]: LABELS[chance.integers(3)] for row in asked}
    for row in asked:
        careless = row["annotator"] == "3" and chance.random() < 0.5
        row["label"] = (
            LABELS[chance.integers(3)] if careless else truth[row["message_key"]]
        )
    with first.open("w", newline="") as file:
        writer = csv.DictWriter(file, review_sheet.FIELDS)
        writer.writeheader()
        writer.writerows(asked)
    # At the end of the night, so that this night's figures would be others with them.
    put = ("import", str(first), "--source", "crowd", "--reviewed-at", f"{NIGHT} 23:00")
    assert reviews(*put).split()[:3] == ["120", "new", "reviews,"]
    assert reviews(*put).split()[0] == "0"

    told = reviews("agreement", "--date", NIGHT, "--json", "--patch", WITH_ANNOTATORS)
    people = {each["annotator"]: each for each in json.loads(told)["annotators"]}
    assert (
        people["crowd/1"]["agreement"]
        > 0.95
        > 0.85
        > people["crowd/3"]["agreement"]
        > 0.4
    )
    assert people["crowd/1"]["expected"] > people["crowd/3"]["expected"]
    assert "Krippendorff's alpha 0." in reviews("agreement", "--patch", WITH_ANNOTATORS)
    with pytest.raises(ConfigError, match="source.reviews.columns.annotator: is null"):
        reviews("agreement")

    reviews("sheet", NIGHT, "--to", str(other), "--count", "2000", "--annotators", "1")
    rest = [json.loads(line) for line in other.read_text().splitlines()]
    keys = {row["message_key"] for row in rest}
    assert (
        not keys & truth.keys()
        and len(keys) == len(rest) < 800
        and set(rest[0]) == set(review_sheet.FIELDS)
    )


def test_messages_are_scored_by_the_night_s_model_and_the_one_it_was_compared_with(
    store, manifest
):
    def champion(serial: int | None):
        decision = manifest.results.decision.model_copy(update={"champion": serial})
        results = manifest.results.model_copy(update={"decision": decision})
        compared = manifest.model_copy(update={"results": results})
        return reviewable.load_models(store, compared).champion

    assert champion(None) is None
    assert champion(99) is None  # it was removed
    model = reviewable.load_models(store, manifest).model
    assert champion(1).labels == model.labels
    stranger = SimpleNamespace(label=lambda body: "spam")
    done = []
    scored = reviewable.score(
        pd.DataFrame({"body": ["see you at home", "WIN a free prize now"]}),
        NightModels(model, stranger),
        done.append,
    )
    assert done == [1, 2]
    for body, row in zip(scored["body"], scored.itertuples(), strict=True):
        scores = sorted(model.scores(body).values())
        assert row.predicted == model.label(body)
        assert row.margin == scores[-1] - scores[-2]
        assert row.flipped == (model.label(body) != "spam")


READ_COMMANDS = [
    ["runs", "list"],
    ["runs", "show", NIGHT],
    ["runs", "show", NIGHT, "--json"],
    ["runs", "show", NIGHT, *LAYERS],
    ["runs", "explain", NIGHT, "--against", NIGHT],
    ["runs", "fetch", NIGHT, "--to", "FOLDER/run"],
    ["models", "list"],
    ["models", "fetch", "--to", "FOLDER/model"],
    ["rules", "report", NIGHT],
    ["rules", "report", NIGHT, *LAYERS],
    ["rules", "match", "Your code is 123456"],
    ["rules", "diff", str(RULES), NIGHT, "--show-texts"],
    ["rules", "diff", str(RULES), NIGHT, *LAYERS],
    ["reviews", "sheet", NIGHT, "--to", "FOLDER/sheet.csv", "--count", "10"],
    ["reviews", "agreement", "--patch", WITH_ANNOTATORS],
    ["config", "show"],
]
NEED_NO_DATABASE = [command for command in READ_COMMANDS if command[0] != "reviews"]


@pytest.mark.parametrize("command", READ_COMMANDS, ids=" ".join)
def test_a_command_that_reads_writes_nothing_to_the_store(night, tmp_path, command):
    before = versions(night)
    words = [word.replace("FOLDER", str(tmp_path)) for word in command]
    done = nightsieve(*words, environment=night)
    assert done.returncode == 0, done.stderr
    assert versions(night) == before


def test_a_night_is_found_by_its_layers_and_nothing_is_written(night):
    before = versions(night)
    found = nightsieve("runs", "show", NIGHT, *LAYERS, environment=night)
    other = nightsieve("runs", "show", NIGHT, *LAYERS[:-2], environment=night)
    assert found.returncode == 0, found.stderr
    assert other.returncode == 3
    assert "there is no such run of" in other.stderr
    assert versions(night) == before


@pytest.mark.parametrize("command", NEED_NO_DATABASE, ids=" ".join)
def test_a_command_that_reads_no_table_needs_no_database(
    night, tmp_path, monkeypatch, command
):
    monkeypatch.delenv("NIGHTSIEVE_DATABASE_URL", raising=False)
    words = [word.replace("FOLDER", str(tmp_path)) for word in command]
    without = {
        name: value
        for name, value in night.items()
        if name != "NIGHTSIEVE_DATABASE_URL"
    }
    done = nightsieve(*words, environment=without)
    assert done.returncode == 0, done.stderr


def versions(environment: dict[str, str]) -> dict[str, datetime.datetime]:
    """When each object of the store was written."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        forget()
        return Store.from_environment().last_modified("")
