"""Reviews of a real night, and what commands read and write on its store."""

import csv
import datetime
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
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
TAUGHT = "The clerk labels this text as no rule does"
WITHOUT_ANNOTATORS = "source.reviews.columns.annotator=null"
TEACHING = [
    *SMALL,
    "evaluation.sources=[truth, crowd, correction]",
    "training.reviews={sources: [correction], weight: 3}",
    "training.holdout_fraction=0",
]
LAYERS = []
for patch in TEACHING:
    LAYERS += ["--patch", patch]


@pytest.fixture(scope="module")
def night(night_environment) -> dict[str, str]:
    """The environment of a night that trains on a correction.

    The corrected text has reviews of other people too.
    """
    sample(night_environment, rows=800)
    messages = [
        ("taught 0", f"{TAUGHT} 0", "2026-11-01T00:00:00Z"),
        ("taught 1", f"{TAUGHT} 1", "2026-11-01T00:00:00Z"),
    ]
    new_reviews = [
        ("taught 0", "spam", "correction"),
        ("taught 0", "personal", "crowd"),
        ("taught 1", "spam", "crowd"),
    ]
    url = night_environment["NIGHTSIEVE_DATABASE_WRITER_URL"]
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
            new_reviews,
        )
    done = fork(*retrain(patches=TEACHING), environment=night_environment)
    assert done.returncode == 0, done.stderr
    return night_environment


@pytest.fixture
def store(night, monkeypatch) -> Iterator[Store]:
    """The store of the night, with the night's environment in this process."""
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
    """The output of the command."""
    result = CliRunner().invoke(command, arguments)
    if result.exception:
        raise result.exception
    return result.stdout


def test_reviews_of_a_text_that_was_trained_on_are_not_evaluated(manifest):
    ingested = manifest.receipt("IngestReviews").rows_out
    # Texts that differ only in digits are one: the second message has the same text.
    assert manifest.results.reviews.reviews == ingested - 3
    assert manifest.receipt("LabelByReviews").rows_out == 1
    for task in ("EvaluateOnReviews", "SummariseRules", "GateModel"):
        requires = manifest.receipt(task).requires
        assert "AggregateReviews" in requires
        assert "IngestReviews" not in requires
    assert "LabelByReviews" in manifest.receipt("BuildTrainingSet").requires


def test_a_sheet_is_written_filled_in_imported_and_measured(manifest, tmp_path):
    first = tmp_path / "first.csv"
    again = tmp_path / "again.csv"
    other = tmp_path / "other.jsonl"
    options = ("sheet", NIGHT, "--count", "40", "--to")
    printed = reviews(*options, str(first))
    assert printed.startswith(
        f"40 messages for 3 annotators written to {first}\nwhy: 0 flipped, 10 unseen, "
    )
    reviews(*options, str(again))
    assert first.read_bytes() == again.read_bytes()
    with pytest.raises(ConfigError, match="exists already and may be filled in"):
        reviews(*options, str(first))

    rows = read_sheet(first)
    assert len(rows) == 120
    truth = draw_truth(rows)
    assert truth.keys().isdisjoint({"taught 0", "taught 1"})
    assert not any(set(row["text"]) & set("123456789") for row in rows)
    fill_in(first, rows, truth)
    # At the end of the night: they would change the figures of this night.
    command = ("import", str(first), "--source", "crowd")
    moment = ("--reviewed-at", f"{NIGHT} 23:00")
    assert reviews(*command, *moment).split()[:3] == ["120", "new", "reviews,"]
    assert reviews(*command, *moment).split()[0] == "0"

    measured = json.loads(reviews("agreement", "--date", NIGHT, "--json"))
    assert measured["other_sources"] == {"correction": 1}
    annotators = {row["annotator"]: row for row in measured["annotators"]}
    careful = annotators["crowd/1"]
    careless = annotators["crowd/3"]
    assert careful["agreement"] > 0.95
    assert 0.4 < careless["agreement"] < 0.85
    assert careful["expected"] > careless["expected"]
    printed = reviews("agreement")
    assert "Krippendorff's alpha 0." in printed
    assert "Reviews left out, since evaluation.sources" in printed
    with pytest.raises(
        ConfigError, match=r"source\.reviews\.columns\.annotator: is null"
    ):
        reviews("agreement", "--patch", WITHOUT_ANNOTATORS)

    everything = ("--count", "2000", "--annotators", "1")
    reviews("sheet", NIGHT, "--to", str(other), *everything)
    rest = [json.loads(line) for line in other.read_text().splitlines()]
    keys = {row["message_key"] for row in rest}
    assert keys.isdisjoint(truth)
    assert len(keys) == len(rest)
    assert len(rest) < 800
    assert set(rest[0]) == set(review_sheet.FIELDS)


def read_sheet(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def draw_truth(rows: list[dict[str, str]]) -> dict[str, str]:
    """A random label for each message of a sheet."""
    rng = np.random.default_rng(1)
    return {row["message_key"]: LABELS[rng.integers(3)] for row in rows}


def fill_in(path: Path, rows: list[dict[str, str]], truth: dict[str, str]) -> None:
    """Write the true labels into a sheet; the third annotator often errs."""
    rng = np.random.default_rng(2)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, review_sheet.FIELDS)
        writer.writeheader()
        for row in rows:
            label = truth[row["message_key"]]
            if row["annotator"] == "3" and rng.random() < 0.5:
                label = LABELS[rng.integers(3)]
            writer.writerow({**row, "label": label})


def always_spam(body: str) -> str:
    return "spam"


def test_messages_are_scored_by_the_night_s_model_and_the_one_before(store, manifest):
    def load_champion(serial: int | None):
        decision = manifest.results.decision.model_copy(update={"champion": serial})
        results = manifest.results.model_copy(update={"decision": decision})
        compared = manifest.model_copy(update={"results": results})
        return reviewable.load_models(store, compared).champion

    assert load_champion(None) is None
    assert load_champion(99) is None  # it was removed
    model = reviewable.load_models(store, manifest).model
    assert load_champion(1).labels == model.labels
    champion = SimpleNamespace(label=always_spam)
    progress: list[int] = []
    scored = reviewable.score(
        pd.DataFrame({"body": ["see you at home", "WIN a free prize now"]}),
        NightModels(model, champion),
        progress.append,
    )
    assert progress == [1, 2]
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
    ["reviews", "agreement"],
    ["config", "show"],
]
NEED_NO_DATABASE = [command for command in READ_COMMANDS if command[0] != "reviews"]


def fill_folder(command: list[str], folder: Path) -> list[str]:
    return [argument.replace("FOLDER", str(folder)) for argument in command]


@pytest.mark.parametrize("command", READ_COMMANDS, ids=" ".join)
def test_a_command_that_reads_writes_nothing_to_the_store(night, tmp_path, command):
    before = versions(night)
    done = nightsieve(*fill_folder(command, tmp_path), environment=night)
    assert done.returncode == 0, done.stderr
    assert versions(night) == before


def test_a_night_is_found_by_its_layers_and_nothing_is_written(night):
    before = versions(night)
    shown = nightsieve("runs", "show", NIGHT, *LAYERS, environment=night)
    other = nightsieve("runs", "show", NIGHT, *LAYERS[:-2], environment=night)
    assert shown.returncode == 0, shown.stderr
    assert other.returncode == 3
    assert other.stderr == (
        f"Error: there is no such run of {NIGHT}; see nightsieve runs list, or run the "
        f"night: luigi --module tasks Retrain --date {NIGHT}\n"
    )
    assert versions(night) == before


@pytest.mark.parametrize("command", NEED_NO_DATABASE, ids=" ".join)
def test_a_command_that_reads_no_table_needs_no_database(
    night, tmp_path, monkeypatch, command
):
    environment = night.copy()
    for variable in ("NIGHTSIEVE_DATABASE_URL", "NIGHTSIEVE_DATABASE_WRITER_URL"):
        monkeypatch.delenv(variable, raising=False)
        del environment[variable]
    done = nightsieve(*fill_folder(command, tmp_path), environment=environment)
    assert done.returncode == 0, done.stderr


def versions(environment: dict[str, str]) -> dict[str, datetime.datetime]:
    """The time when each object of the store was written."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        forget()
        return Store.from_environment().last_modified("")
