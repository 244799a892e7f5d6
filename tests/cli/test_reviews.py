"""Review sheets hold the right messages, run no formula, and are imported whole."""

import csv
import datetime
import io
import json
import re
import string
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightsieve.cli import review_sheet
from nightsieve.cli.commands.reviews import reviews
from nightsieve.cli.loading.bad_lines import BadLines
from nightsieve.cli.loading.labels import Labels
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


class Sample:
    """A night's sample in shards, with the method that choosing reviews needs."""

    def __init__(self, messages: dict[str, str], keys: list[str], shards: int) -> None:
        self._parts = [keys[first::shards] for first in range(shards)]
        self._messages = messages

    def shards(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        for keys in self._parts:
            bodies = [self._messages[key] for key in keys]
            frame = pd.DataFrame({"key": keys, "body": bodies}).astype("str")
            rules = pd.Series([["r"]] * len(frame), dtype=object)
            yield frame, frame.assign(rules=rules)


def hidden(texts: Iterable[str]) -> set[str]:
    return set(map(hide_digits, texts))


@given(st.dictionaries(st.integers(0, 30).map(str), BODY, max_size=20), st.data())
def test_reviewed_and_repeated_texts_are_left_out_however_the_sample_is_split(
    messages, data
):
    keys = sorted(messages)
    reviewed: list[str] = []
    if keys:
        reviewed = sorted(data.draw(st.sets(st.sampled_from(keys))))
    reviews = table(*((key, "spam", "crowd", None) for key in reviewed))
    reviewed_texts = [messages[key] for key in reviewed]
    reviews["body"] = pd.Series(reviewed_texts, dtype="str")

    chosen = reviewable.unreviewed(Sample(messages, keys, 1), reviews, seed=1)

    texts = list(map(hide_digits, chosen["body"]))
    assert len(set(texts)) == len(texts)
    assert set(texts) == hidden(messages.values()) - hidden(reviewed_texts)
    shards = data.draw(st.integers(1, 3))
    shuffled = Sample(messages, data.draw(st.permutations(keys)), shards)
    assert chosen.equals(reviewable.unreviewed(shuffled, reviews, seed=1))


RISKY_TEXTS = [
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
    "hello;=1+1",
    'hello; "=1',
    "hello\n-1",
    "hello\t\t@A1",
    "it;'s",
    ";'=1",
    "\r\n=1",
]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ANY_TEXT |= st.sampled_from(RISKY_TEXTS)
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
def test_any_message_makes_a_sheet_that_runs_nothing_and_can_be_read(
    tmp_path, drawn, suffix
):
    keys, drawn_texts = zip(*drawn, strict=True)
    texts = [readable_text(text, unmasked=True) for text in drawn_texts]
    rows = pd.DataFrame({"message_key": keys, "text": texts})
    rows = rows.assign(label=" spam ", annotator="1", why="random")
    content = review_sheet.encode(rows, suffix)
    if suffix == ".csv":
        assert content.startswith(b"\xef\xbb\xbf")
        sheet = content.decode("utf-8-sig")
        assert "\0" not in sheet
        _, *cells = csv.reader(io.StringIO(sheet, newline=""), strict=True)
        assert [review_sheet.unmark(row[1]) for row in cells] == texts
        assert_runs_no_formula(sheet)
    path = tmp_path / f"sheet{suffix}"
    path.write_bytes(content)
    bad = BadLines()
    read = review_sheet.read(path, bad)
    assert [(row.key, row.label, row.annotator) for row in read] == [
        (key, "spam", "1") for key in keys
    ]
    assert bad.count == 0


def assert_runs_no_formula(sheet: str) -> None:
    """Split the sheet as spreadsheets of any country do, and look at every cell.

    One that splits at another delimiter finds quotes in the middle of cells.
    """
    cells = re.split("[;\t\r\n]", sheet)
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(sheet, newline=""), delimiter=delimiter):
            cells += row
    for cell in cells:
        assert not cell.lstrip(f'"{string.whitespace}').startswith(FORMULA)


def test_digits_of_any_script_are_masked_and_control_characters_gone():
    masked = readable_text("Code 12\u0663\uff14 at\r\n5\0", unmasked=False)
    assert masked == "Code 0000 at\n0\ufffd"
    assert readable_text("Code 12", unmasked=True) == "Code 12"


MOMENT = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)
# The table of reviews as an earlier version made it: without annotators.
OLD_TABLE = """
    CREATE TABLE reviews (
        message_key text, label text NOT NULL, source text, reviewed_at timestamptz,
        PRIMARY KEY (message_key, source)
    )
"""
MESSAGES = """
    INSERT INTO messages (key, body) VALUES ('1', 'one'), ('2', 'two'), ('=3', 'three')
"""


@pytest.fixture
def query(query, database_url, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", database_url)
    query(OLD_TABLE)
    with connect():
        query(MESSAGES)
    return query


def import_text(path: Path, text: str, moment: datetime.datetime = MOMENT) -> Imported:
    path.write_text(text)
    bad = BadLines()
    imported = import_sheet(path, "crowd", moment, LABELS, bad, labels=Labels({}))
    assert bad.count == 0
    return imported


STORED = "SELECT message_key, annotator, label, reviewed_at FROM reviews ORDER BY 1, 2"


def test_a_sheet_is_imported_once_and_a_changed_label_replaces_the_first(
    query, tmp_path
):
    path = tmp_path / "sheet.csv"
    text = (
        "message_key;why;annotator;label\n"
        "1;x;1;spam\n"
        "1;x;2;personal\n"
        "2;x;1;\n"
        "'=3;x;1; spam \n\n"
    )
    first = Imported(Upserted(new=3, changed=0, unchanged=0), empty=1)
    assert import_text(path, text) == first
    rows = [
        ("1", "1", "spam", MOMENT),
        ("1", "2", "personal", MOMENT),
        ("=3", "1", "spam", MOMENT),
    ]
    assert query(STORED) == rows
    later = MOMENT + datetime.timedelta(days=1)
    second = Imported(Upserted(new=0, changed=0, unchanged=3), empty=1)
    assert import_text(path, text, later) == second
    assert query(STORED) == rows
    changed = import_text(path, text.replace("personal", "notification"), later)
    assert changed.reviews.changed == 1
    assert query(STORED) == [rows[0], ("1", "2", "notification", later), rows[2]]


USE_ONE = "use one of notification, personal, spam"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,Spam", "'Spam': not a label; did you mean spam?"),
        ("1,zzz", f"'zzz': not a label; {USE_ONE}"),
        ("1,see you at eight", f"the text in this column: not a label; {USE_ONE}"),
        (
            "01,spam",
            "no message has this key; check whether a spreadsheet has changed it, "
            "as in 0012 to 12",
        ),
        ("1,spam,x", "3 fields where the first line has 2"),
        ('1,"spam', "a quote opens here and is never closed"),
        ("1\0,spam", "a NUL character, which PostgreSQL cannot store"),
        (
            "2,personal",
            "the same annotator gave this message another label on line 2; keep one of "
            "them",
        ),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(query, tmp_path, line, reason):
    path = tmp_path / "sheet.csv"
    path.write_text(f"message_key,label\n2,spam\n{line}\n")
    bad = BadLines()
    with pytest.raises(
        DataError, match=r"sheet\.csv: 1 wrong line, so nothing was imported"
    ):
        import_sheet(path, "crowd", MOMENT, LABELS, bad, labels=Labels({}))
    assert bad.first == [f"line 3: {reason}"]
    assert query("SELECT count(*) FROM reviews") == [(0,)]


def test_an_annotator_is_the_same_however_the_sheet_writes_the_name(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text("message_key,label,annotator\n1,spam, 7 \n2,spam,\n")
    assert annotators(path) == ["7", ""]
    path = tmp_path / "sheet.jsonl"
    with path.open("w") as file:
        for name in (" 7 ", "7", 7, 0, "", None):
            line = {"message_key": "1", "label": "spam", "annotator": name}
            file.write(f"{json.dumps(line)}\n")
    assert annotators(path) == ["7", "7", "7", "0", "", ""]


def annotators(path: Path) -> list[str]:
    return [row.annotator for row in review_sheet.read(path, BadLines())]


def test_a_file_that_is_not_a_sheet_is_refused(query, tmp_path):
    with pytest.raises(DataError, match="line 1: not the header of a sheet"):
        import_text(tmp_path / "sheet.csv", "key,label\n1,spam\n")
    path = tmp_path / "sheet.jsonl"
    lines = [
        '{"message_key": "1", "label": "spam"}',
        '["1"]',
        '{"message_key": 1, "label": "spam"}',
        '{"a"',
        "[" * 100_000,
    ]
    path.write_text("\n".join(lines))
    bad = BadLines()
    with pytest.raises(DataError, match="4 wrong lines"):
        import_sheet(path, "crowd", MOMENT, LABELS, bad, labels=Labels({}))
    reason = "not a JSON object with texts for message_key and label"
    assert bad.first == [f"line {line}: {reason}" for line in (2, 3, 4, 5)]


def test_labels_of_a_sheet_are_renamed_before_they_are_checked(query, tmp_path):
    path = tmp_path / "sheet.jsonl"
    path.write_text(
        '{"message_key": "1", "label": "Spam"}\n{"message_key": "2", "label": 0}\n'
    )
    command = ["import", str(path), "--source", "crowd"]
    maps = ["--label-map", "Spam=spam,0=personal,Ham=personal"]
    imported = CliRunner().invoke(reviews, [*command, *maps])
    assert imported.exit_code == 0, imported.output
    assert imported.stderr == (
        "Warning: --label-map Ham: no row has this label; check its spelling\n"
    )
    assert [row[2] for row in query(STORED)] == ["spam", "personal"]
