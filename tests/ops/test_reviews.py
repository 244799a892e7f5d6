"""`nightsieve reviews`: what is asked of annotators, that their answers arrive, and how far they agree."""

import csv
import datetime
import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psycopg2
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops import nights
from ops.commands.reviews import reviews as command
from ops.loading.bad_lines import BadLines
from ops.reviews import agreement, candidates, sheet
from ops.reviews.candidates import shown
from ops.reviews.choose import KINDS, choose, rows
from ops.reviews.store import Imported, import_sheet
from ops.tables import database
from pipeline.errors import ConfigError, DataError
from tests.conftest import forget, run
from tests.tasks.nights import NIGHT, SMALL, retrain, sample
from tests.unit.test_reviews import table
from tests.unit.training.training_corpus import EVALUATION

LABELS = ("notification", "personal", "spam")
CANDIDATE = st.tuples(st.booleans(), st.booleans(), st.sampled_from(LABELS), st.integers(0, 5))


@given(st.lists(CANDIDATE, max_size=60), st.integers(1, 40))
def test_each_kind_has_its_quota_spread_evenly_over_the_labels(drawn, count):
    found = pd.DataFrame(drawn, columns=["flipped", "unseen", "predicted", "margin"]).astype(
        {"flipped": bool, "unseen": bool, "predicted": "str", "margin": float}
    )
    found = found.assign(key=[str(n) for n in range(len(found))], text="")
    chosen = choose(found, count)
    assert len(chosen) == min(count, len(found)) and chosen["key"].is_unique
    left = found
    for kind in KINDS:
        mine = chosen[chosen["why"] == kind]
        able = left[left[kind]] if kind in ("flipped", "unseen") else left
        quota = count // 4 if kind != "random" else count - (chosen["why"] != "random").sum()
        assert len(mine) == min(quota, len(able)) and set(mine["key"]) <= set(able["key"])
        there, taken = Counter(able["predicted"]), Counter(mine["predicted"])
        most = max(taken.values(), default=0)
        assert all(taken[label] >= min(there[label], most - 1) for label in there)
        if kind == "uncertain":
            for label in taken:
                margins = able.loc[able["predicted"] == label, "margin"].sort_values()
                assert sorted(mine.loc[mine["predicted"] == label, "margin"]) == margins.head(taken[label]).tolist()
        left = left.drop(index=mine.index)


def test_every_annotator_gets_every_message_in_an_order_of_their_own():
    chosen = pd.DataFrame({"key": [str(n) for n in range(30)], "text": "", "why": "random"})
    made = rows(chosen, annotators=3, seed=1)
    assert made.equals(rows(chosen, annotators=3, seed=1)) and not made.equals(rows(chosen, annotators=3, seed=2))
    orders = [tuple(mine["message_key"]) for _, mine in made.groupby("annotator")]
    assert len(set(orders)) == 3 and {frozenset(order) for order in orders} == {frozenset(chosen["key"])}
    assert (made["label"] == "").all() and tuple(made.columns) == sheet.FIELDS


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["=1+1", "@SUM(A1)", "+44 1", " -2", '"', "a\r\nb\0", "'=1", "\ufeff", "\t=1", "\uff1d1", ",;\t", "\u2028"]
)
ANY_KEY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=10)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(ANY_KEY, ANY_TEXT), min_size=1, max_size=5), st.sampled_from([".csv", ".jsonl"]))
def test_any_message_makes_a_sheet_that_runs_nothing_and_comes_back(tmp_path, drawn, suffix):
    made = pd.DataFrame({"message_key": [key for key, _ in drawn], "text": [shown(text, True) for _, text in drawn]})
    made = made.assign(label=" spam ", annotator="1", why="random")
    content = sheet.encode(made, suffix)
    if suffix == ".csv":
        cells = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
        assert content.startswith(b"\xef\xbb\xbf") and len(cells) == len(drawn) + 1
        assert not [cell for row in cells for cell in row if cell.lstrip()[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20")]
        assert all(row[1] in (text, f"'{text}") for row, text in zip(cells[1:], made["text"], strict=True))
        assert "\0" not in content.decode()
    path = tmp_path / f"sheet{suffix}"
    path.write_bytes(content)
    bad = BadLines()
    found = sheet.read(path, bad)
    assert [(row.key, row.label, row.annotator) for row in found] == [(key, "spam", "1") for key, _ in drawn]
    assert bad.count == 0


def test_digits_of_any_script_are_masked_and_control_characters_gone():
    assert shown("Code 12\u0663\uff14 at\r\n5\0", unmasked=False) == "Code 0000 at\n0\ufffd"
    assert shown("Code 12", unmasked=True) == "Code 12"


def counts(*annotators: str) -> np.ndarray:
    """How many annotators gave each unit each value, from what each gave the units in turn; a dot is nothing."""
    values = sorted(set("".join(annotators)) - {"."})
    return np.array([[said.count(value) for value in values] for said in zip(*annotators, strict=True)])


@pytest.mark.parametrize(
    ("annotators", "expected"),
    [  # Krippendorff, "Computing Krippendorff's alpha-reliability", 2011, sections A, B and C
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbcccedd" + "d"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "1233244125" + "1."), 0.743),
        (("aab", "aab"), 1.0),
    ],
)
def test_alpha_is_that_of_the_literature_and_lies_in_its_interval(annotators, expected):
    found = agreement.alpha(counts(*annotators), confidence=0.95)
    assert found["value"] == pytest.approx(expected, abs=0.0005)
    assert found["low"] <= found["value"] <= found["high"]
    assert found == agreement.alpha(counts(*annotators), confidence=0.95)


def test_alpha_is_undefined_without_two_labels_or_two_reviews():
    assert agreement.alpha(counts("aaa", "aaa"), 0.95) is None
    assert agreement.alpha(counts("ab", ".."), 0.95) is None
    reviews = table(("1", "a", "load", None))
    assert agreement.agreement(reviews, EVALUATION)["alpha"] is None
    assert agreement.agreement(reviews.iloc[:0], EVALUATION)["messages"] == 0


def test_agreement_is_with_most_of_the_others_and_of_each_pair():
    said = {"1": "aab", "2": "bbb", "3": "abc", "4": "a"}
    reviews = table(*((key, label, "crowd", "xyz"[n]) for key, each in said.items() for n, label in enumerate(each)))
    found = agreement.agreement(reviews, EVALUATION)
    people = {each["annotator"]: (each["reviews"], each["compared"], each["agreement"]) for each in found["annotators"]}
    assert people == {"crowd/x": (4, 1, 1.0), "crowd/y": (3, 1, 1.0), "crowd/z": (3, 2, 0.5)}
    pairs = {tuple(each["annotators"]): (each["messages"], each["agreement"]) for each in found["pairs"]}
    assert pairs == {
        ("crowd/x", "crowd/y"): (3, pytest.approx(2 / 3)),
        ("crowd/x", "crowd/z"): (3, pytest.approx(1 / 3)),
        ("crowd/y", "crowd/z"): (3, pytest.approx(1 / 3)),
    }
    assert (found["reviews"], found["messages"], found["reviewed_twice"]) == (10, 4, 3)
    assert (found["decided"]["majority"], found["undecided"]["majority"]) == (3, 1)


MOMENT = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)
OLD_TABLE = "CREATE TABLE reviews (message_key text, label text NOT NULL, source text, reviewed_at timestamptz, {})"


@pytest.fixture
def query(database_url, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", database_url)
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True

        def run(sql):
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else None

        # As an earlier version made it: without annotators.
        run(OLD_TABLE.format("PRIMARY KEY (message_key, source)"))
        with database():
            run("INSERT INTO messages (key, body) VALUES ('1', 'one'), ('2', 'two'), ('=3', 'three')")
        yield run


def imported(path: Path, text: str, moment: datetime.datetime = MOMENT) -> tuple[Imported, list[str]]:
    path.write_text(text)
    bad = BadLines()
    return import_sheet(path, "crowd", moment, LABELS, bad), bad.first


STORED = "SELECT message_key, annotator, label, reviewed_at FROM reviews ORDER BY 1, 2"


def test_a_sheet_arrives_once_and_a_changed_label_takes_the_place_of_the_first(query, tmp_path):
    path = tmp_path / "sheet.csv"
    text = "message_key;why;annotator;label\n1;x;1;spam\n1;x;2;personal\n2;x;1;\n'=3;x;1; spam \n\n"
    assert imported(path, text) == (Imported(new=3, changed=0, known=0, empty=1), [])
    first = query(STORED)
    assert first == [("1", "1", "spam", MOMENT), ("1", "2", "personal", MOMENT), ("=3", "1", "spam", MOMENT)]
    later = MOMENT + datetime.timedelta(days=1)
    assert imported(path, text, later) == (Imported(new=0, changed=0, known=3, empty=1), [])
    assert query(STORED) == first
    assert imported(path, text.replace("personal", "notification"), later)[0].changed == 1
    assert query(STORED) == [first[0], ("1", "2", "notification", later), first[2]]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("1,Spam", "line 3: 'Spam' is no label; did you mean spam?"),
        ("1,zzz", "line 3: 'zzz' is no label; there are: notification, personal, spam"),
        ("1,see you at eight", "line 3: what stands there is no label; there are: notification, personal, spam"),
        ("01,spam", "line 3: no message has this key; did a spreadsheet take it for a number?"),
        ("1,spam,x", "line 3: fields: 3, expected: 2"),
        ('1,"spam', "line 3: a quote opens here and is never closed"),
        ("1\0,spam", "line 3: a NUL character, which PostgreSQL cannot hold"),
        ("2,personal", "line 3: the same annotator gave this message another label on line 2"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(query, tmp_path, lines, says):
    path, bad = tmp_path / "sheet.csv", BadLines()
    path.write_text(f"message_key,label\n2,spam\n{lines}\n")
    with pytest.raises(DataError, match=r"sheet.csv: 1 wrong line\(s\), nothing was imported"):
        import_sheet(path, "crowd", MOMENT, LABELS, bad)
    assert bad.first == [says] and query("SELECT count(*) FROM reviews") == [(0,)]


def test_what_is_no_sheet_is_refused(query, tmp_path):
    with pytest.raises(DataError, match="line 1: must name the columns message_key and label"):
        imported(tmp_path / "sheet.csv", "key,label\n1,spam\n")
    path, bad = tmp_path / "sheet.jsonl", BadLines()
    path.write_text('{"message_key": "1", "label": "spam"}\n["1"]\n{"message_key": 1, "label": "spam"}\n{"a"\n')
    with pytest.raises(DataError, match=r"3 wrong line\(s\)"):
        import_sheet(path, "crowd", MOMENT, LABELS, bad)
    assert [line.partition(":")[0] for line in bad.first] == ["line 2", "line 3", "line 4"]


TAUGHT = "What the clerk says of this text is not what any rule says"
WITH_ANNOTATORS = "source.reviews.columns.annotator={name: annotator, dtype: string}"
TEACHING = [*SMALL, WITH_ANNOTATORS, "evaluation.train={sources: [correction], weight: 3}", "release.holdout=0"]


@pytest.fixture(scope="module")
def night(night_environment) -> dict[str, str]:
    """The environment of a night in which a correction trained, its text having been reviewed by others too."""
    sample(night_environment, rows=800)
    messages = [(f"taught {n}", f"{TAUGHT} {n}", "2026-11-01T00:00:00Z") for n in range(2)]
    given = [("taught 0", "spam", "correction"), ("taught 0", "personal", "crowd"), ("taught 1", "spam", "crowd")]
    url = night_environment["NIGHTSIEVE_DATABASE_URL"]
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO messages (key, body, received_at) VALUES (%s, %s, %s)", messages)
        cursor.executemany("INSERT INTO reviews (message_key, label, source) VALUES (%s, %s, %s)", given)
    done = run(*retrain(patches=TEACHING), environment=night_environment)
    assert done.returncode == 0, done.stderr
    return night_environment


@pytest.fixture
def manifest(night, monkeypatch) -> Iterator[dict]:
    """The night's manifest; its environment is this process's."""
    for name, value in night.items():
        monkeypatch.setenv(name, value)
    forget()
    yield nights.manifest(datetime.date.fromisoformat(NIGHT), (), ())
    forget()


def reviews(*arguments: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(command, arguments)
    if result.exception:
        raise result.exception
    return result.stdout


def test_what_trained_is_not_evaluated(manifest):
    receipts = {receipt["task"]: receipt for receipt in manifest["tasks"]}
    every, left = receipts["IngestReviews"]["rows_out"], receipts["WithholdReviews"]["rows_out"]
    # Digits are one shape: the correction's text is that of the second message too.
    assert every - left == 3 and receipts["LabelByReviews"]["rows_out"] == 1
    assert manifest["results"]["reviews"]["reviews"] == left
    for task in ("EvaluateOnReviews", "SummariseRules", "GateModel"):
        assert "WithholdReviews" in receipts[task]["requires"] and "IngestReviews" not in receipts[task]["requires"]
    assert "LabelByReviews" in receipts["BuildTrainingSet"]["requires"]


def test_a_sheet_goes_out_comes_back_and_annotators_agree(manifest, tmp_path):
    first, again, other = (tmp_path / name for name in ("first.csv", "again.csv", "other.jsonl"))
    done = reviews("sample", NIGHT, "--to", str(first), "--count", "40")
    assert done.startswith(f"40 messages for 3 annotators written to {first}\nwhy: 0 flipped, 10 unseen, ")
    reviews("sample", NIGHT, "--to", str(again), "--count", "40")
    assert first.read_bytes() == again.read_bytes()
    with pytest.raises(ConfigError, match="is there already, perhaps filled in"):
        reviews("sample", NIGHT, "--to", str(first), "--count", "40")

    with first.open(encoding="utf-8-sig", newline="") as file:
        asked = list(csv.DictReader(file))
    assert len(asked) == 120 and not {"taught 0", "taught 1"} & {row["message_key"] for row in asked}
    assert not [row["text"] for row in asked if any(c in "123456789" for c in row["text"])]
    chance = np.random.default_rng(1)
    truth = {row["message_key"]: LABELS[chance.integers(3)] for row in asked}
    for row in asked:
        careless = row["annotator"] == "3" and chance.random() < 0.5
        row["label"] = LABELS[chance.integers(3)] if careless else truth[row["message_key"]]
    with first.open("w", newline="") as file:
        writer = csv.DictWriter(file, sheet.FIELDS)
        writer.writeheader()
        writer.writerows(asked)
    # At the end of the night, so that this night's figures would be others with them.
    put = ("import", str(first), "--source", "crowd", "--reviewed-at", f"{NIGHT} 23:00")
    assert reviews(*put).split()[:3] == ["120", "new", "reviews,"]
    assert reviews(*put).split()[0] == "0"

    told = reviews("agreement", "--date", NIGHT, "--json", "--patch", WITH_ANNOTATORS)
    people = {each["annotator"]: each for each in json.loads(told)["annotators"]}
    assert people["crowd/1"]["agreement"] > 0.95 > 0.85 > people["crowd/3"]["agreement"] > 0.4
    assert people["crowd/1"]["expected"] > people["crowd/3"]["expected"]
    assert "Krippendorff's alpha 0." in reviews("agreement", "--patch", WITH_ANNOTATORS)
    with pytest.raises(ConfigError, match="source.reviews.columns.annotator: is null"):
        reviews("agreement")

    reviews("sample", NIGHT, "--to", str(other), "--count", "2000", "--annotators", "1")
    rest = [json.loads(line) for line in other.read_text().splitlines()]
    keys = {row["message_key"] for row in rest}
    assert not keys & truth.keys() and len(keys) == len(rest) < 800 and set(rest[0]) == set(sheet.FIELDS)


def test_messages_are_judged_by_the_night_s_model_and_the_one_it_was_held_against(manifest):
    def against(serial: int | None):
        decision = {**manifest["results"]["decision"], "champion": serial}
        return candidates.models({**manifest, "results": {**manifest["results"], "decision": decision}})[1]

    assert against(None) is None is against(99)  # none yet, and one that is kept no longer
    model, champion = candidates.models(manifest)[0], against(1)
    assert champion.labels == model.labels
    stranger = SimpleNamespace(label=lambda body: "spam")
    found = candidates.judged(pd.DataFrame({"body": ["see you at home", "WIN a free prize now"]}), model, stranger)
    for body, row in zip(found["body"], found.itertuples(), strict=True):
        scores = sorted(model.scores(body).values())
        assert (row.predicted, row.margin) == (model.label(body), scores[-1] - scores[-2])
        assert row.flipped == (model.label(body) != "spam")
