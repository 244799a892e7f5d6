"""`nightsieve reviews`: what is asked of annotators, that their answers arrive, and how far they agree."""

import csv
import datetime
import io
import json
import os
import re
import string
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightsieve.cli import review_sheet
from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.review_import import Imported, import_sheet
from nightsieve.cli.review_sheet import readable_text
from nightsieve.database.connection import connect
from nightsieve.database.upsert import Upserted
from nightsieve.nights import reviewable
from pipeline.errors import DataError
from pipeline.text.masking import hide_digits
from tests.unit.data.test_reviewed_messages import table

LABELS = ("notification", "personal", "spam")
BODY = st.sampled_from(["Code 12", "Code 34", "hello", "hello 5", "lunch", "tea"])


@given(st.dictionaries(st.integers(0, 30).map(str), BODY, max_size=20), st.data())
def test_nothing_that_was_reviewed_comes_again_nor_a_text_twice_however_the_sample_is_cut(
    messages, data
):
    known = data.draw(st.sets(st.sampled_from(sorted(messages)))) if messages else set()
    reviews = table(*((key, "spam", "crowd", None) for key in sorted(known)))
    reviews["body"] = pd.Series([messages[key] for key in sorted(known)], dtype="str")

    def sample_of(shards: int, order: list[str]) -> SimpleNamespace:
        parts = [order[n::shards] for n in range(shards)]
        frames = [
            pd.DataFrame({"key": part, "body": [messages[key] for key in part]}).astype(
                "str"
            )
            for part in parts
        ]
        return SimpleNamespace(
            shards=lambda: [
                (each, each.assign(rules=[["r"]] * len(each))) for each in frames
            ]
        )

    found = reviewable.unreviewed(sample_of(1, sorted(messages)), reviews, seed=1)
    texts = [hide_digits(body) for body in found["body"]]
    assert len(set(texts)) == len(texts)
    assert set(texts) == {hide_digits(body) for body in messages.values()} - {
        hide_digits(messages[key]) for key in known
    }
    shuffled = sample_of(
        data.draw(st.integers(1, 3)), data.draw(st.permutations(sorted(messages)))
    )
    assert found.equals(reviewable.unreviewed(shuffled, reviews, seed=1))


ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs"]), max_size=20
) | st.sampled_from(
    [
        "=1+1",
        "@SUM(A1)",
        "+44 1",
        " -2",
        '"',
        "a\r\nb\0",
        "'=1",
        "\ufeff",
        "\t=1",
        "\uff1d1",
        ",;\t",
        "\u2028",
    ]
    + [
        "hello;=1+1",
        'hello; "=1',
        "hello\n-1",
        "hello\t\t@A1",
        "it;'s",
        ";'=1",
        "\r\n=1",
    ]
)
ANY_KEY = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    min_size=1,
    max_size=10,
)
ANY_KEY |= st.text("k=';\"\t\r\n-, ", min_size=1, max_size=10)
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(ANY_KEY, ANY_TEXT), min_size=1, max_size=5),
    st.sampled_from([".csv", ".jsonl"]),
)
def test_any_message_makes_a_sheet_that_runs_nothing_and_comes_back(
    tmp_path, drawn, suffix
):
    made = pd.DataFrame(
        {
            "message_key": [key for key, _ in drawn],
            "text": [readable_text(text, True) for _, text in drawn],
        }
    )
    made = made.assign(label=" spam ", annotator="1", why="random")
    content = review_sheet.encode(made, suffix)
    if suffix == ".csv":
        cells = list(
            csv.reader(
                io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True
            )
        )
        assert content.startswith(b"\xef\xbb\xbf") and len(cells) == len(drawn) + 1
        assert [review_sheet.unmark(row[1]) for row in cells[1:]] == made[
            "text"
        ].tolist()
        assert not [
            cell for row in cells for cell in row if cell.lstrip().startswith(FORMULA)
        ]
        # A spreadsheet elsewhere cuts at something else, and then quotes are no longer where they should be.
        text = content.decode("utf-8-sig")
        pieces = re.split("[;\t\r\n]", text)
        for delimiter in ";\t":
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
                pieces += row
        assert not [
            piece
            for piece in pieces
            if piece.lstrip(f'"{string.whitespace}').startswith(FORMULA)
        ]
        assert "\0" not in content.decode()
    path = tmp_path / f"sheet{suffix}"
    path.write_bytes(content)
    bad = BadLines()
    found = review_sheet.read(path, bad)
    assert [(row.key, row.label, row.annotator) for row in found] == [
        (key, "spam", "1") for key, _ in drawn
    ]
    assert bad.count == 0


def test_digits_of_any_script_are_masked_and_control_characters_gone():
    assert (
        readable_text("Code 12\u0663\uff14 at\r\n5\0", unmasked=False)
        == "Code 0000 at\n0\ufffd"
    )
    assert readable_text("Code 12", unmasked=True) == "Code 12"


MOMENT = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)
OLD_TABLE = "CREATE TABLE reviews (message_key text, label text NOT NULL, source text, reviewed_at timestamptz, {})"


@pytest.fixture
def query(query, database_url, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", database_url)
    # As an earlier version made it: without annotators.
    query(OLD_TABLE.format("PRIMARY KEY (message_key, source)"))
    with connect():
        query(
            "INSERT INTO messages (key, body) VALUES ('1', 'one'), ('2', 'two'), ('=3', 'three')"
        )
    return query


def imported(
    path: Path, text: str, moment: datetime.datetime = MOMENT
) -> tuple[Imported, list[str]]:
    path.write_text(text)
    bad = BadLines()
    return import_sheet(path, "crowd", moment, LABELS, bad), bad.first


STORED = "SELECT message_key, annotator, label, reviewed_at FROM reviews ORDER BY 1, 2"


def test_a_sheet_arrives_once_and_a_changed_label_takes_the_place_of_the_first(
    query, tmp_path
):
    path = tmp_path / "sheet.csv"
    text = "message_key;why;annotator;label\n1;x;1;spam\n1;x;2;personal\n2;x;1;\n'=3;x;1; spam \n\n"
    assert imported(path, text) == (
        Imported(Upserted(new=3, changed=0, unchanged=0), empty=1),
        [],
    )
    first = query(STORED)
    assert first == [
        ("1", "1", "spam", MOMENT),
        ("1", "2", "personal", MOMENT),
        ("=3", "1", "spam", MOMENT),
    ]
    later = MOMENT + datetime.timedelta(days=1)
    assert imported(path, text, later) == (
        Imported(Upserted(new=0, changed=0, unchanged=3), empty=1),
        [],
    )
    assert query(STORED) == first
    assert (
        imported(path, text.replace("personal", "notification"), later)[
            0
        ].reviews.changed
        == 1
    )
    assert query(STORED) == [first[0], ("1", "2", "notification", later), first[2]]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("1,Spam", "line 3: 'Spam' is not a label; did you mean spam?"),
        (
            "1,zzz",
            "line 3: 'zzz' is not a label; use one of: notification, personal, spam",
        ),
        (
            "1,see you at eight",
            "line 3: the text in this column is not a label; use one of: notification, personal, spam",
        ),
        (
            "01,spam",
            "line 3: no message has this key; did a spreadsheet take it for a number?",
        ),
        ("1,spam,x", "line 3: fields: 3, expected: 2"),
        ('1,"spam', "line 3: a quote opens here and is never closed"),
        ("1\0,spam", "line 3: a NUL character, which PostgreSQL cannot hold"),
        (
            "2,personal",
            "line 3: the same annotator gave this message another label on line 2",
        ),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(query, tmp_path, lines, says):
    path, bad = tmp_path / "sheet.csv", BadLines()
    path.write_text(f"message_key,label\n2,spam\n{lines}\n")
    with pytest.raises(
        DataError, match=r"sheet.csv: 1 wrong line\(s\), nothing was imported"
    ):
        import_sheet(path, "crowd", MOMENT, LABELS, bad)
    assert bad.first == [says] and query("SELECT count(*) FROM reviews") == [(0,)]


def test_an_annotator_is_the_same_one_however_the_sheet_writes_the_name(tmp_path):
    (tmp_path / "sheet.csv").write_text(
        "message_key,label,annotator\n1,spam, 7 \n2,spam,\n"
    )
    lines = (
        {"message_key": "1", "label": "spam", "annotator": name}
        for name in (" 7 ", "7", 7, 0, "", None)
    )
    (tmp_path / "sheet.jsonl").write_text(
        "".join(f"{json.dumps(line)}\n" for line in lines)
    )
    names = {
        name: [row.annotator for row in review_sheet.read(tmp_path / name, BadLines())]
        for name in os.listdir(tmp_path)
    }
    assert names == {
        "sheet.csv": ["7", ""],
        "sheet.jsonl": ["7", "7", "7", "0", "", ""],
    }


def test_what_is_no_sheet_is_refused(query, tmp_path):
    with pytest.raises(
        DataError, match="line 1: must name the columns message_key and label"
    ):
        imported(tmp_path / "sheet.csv", "key,label\n1,spam\n")
    path, bad = tmp_path / "sheet.jsonl", BadLines()
    lines = [
        '{"message_key": "1", "label": "spam"}',
        '["1"]',
        '{"message_key": 1, "label": "spam"}',
        '{"a"',
        "[" * 100_000,
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"4 wrong line\(s\)"):
        import_sheet(path, "crowd", MOMENT, LABELS, bad)
    assert [line.partition(":")[0] for line in bad.first] == [
        "line 2",
        "line 3",
        "line 4",
        "line 5",
    ]
