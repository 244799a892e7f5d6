"""`nightsieve load` stores every message of a file, or reports why it does not."""

import csv
import gzip
import io
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightsieve.cli.commands.load import command
from nightsieve.cli.loading.csv_records import MAX_RECORD, REASONS
from nightsieve.cli.loading.labels import (
    MAX_COUNTED,
    Labels,
    label_warnings,
    parse_label_maps,
)
from nightsieve.cli.loading.timestamps import parse_timestamp
from pipeline.errors import ConfigError, DataError, SourceError


@pytest.fixture(autouse=True)
def database(database_url, monkeypatch):
    monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", database_url)


def load(path, *options):
    result = CliRunner().invoke(command, [str(path), *options], catch_exceptions=True)
    if result.exception:
        raise result.exception
    return result


def count(result, description):
    """The number on the first printed line with these words."""
    lines = [line for line in result.stdout.splitlines() if description in line]
    return int(lines[0].split()[0].replace(",", ""))


ANY_TEXT = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=40
)
ROWS = st.dictionaries(
    ANY_TEXT.filter(str.strip), st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=8
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=ROWS,
    delimiter=st.sampled_from(",\t;"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    zipped=st.booleans(),
    mark=st.booleans(),
)
def test_any_rows_arrive_exactly_and_only_once(
    *, tmp_path, query, rows, delimiter, line_end, zipped, mark
):
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL
    )
    writer.writerow(("body", "key", "from"))
    for key, (body, sender) in rows.items():
        writer.writerow((body, key, sender))
    content = text.getvalue().encode("utf-8-sig" if mark else "utf-8")
    path = tmp_path / "messages"
    path.write_bytes(gzip.compress(content) if zipped else content)
    query("DROP TABLE IF EXISTS messages, reviews")

    columns = ("--body", "body", "--key", "key", "--sender", "from")
    options = (*columns, "--delimiter", delimiter)
    first = load(path, *options)
    second = load(path, *options)

    stored = {
        key: (body, sender)
        for key, body, sender in query("SELECT key, body, sender FROM messages")
    }
    assert stored == rows
    assert count(first, "new messages") == len(rows)
    assert count(first, "bad") == 0
    assert count(second, "new messages") == 0
    assert count(second, "already there") == len(rows)


UNQUOTED = 'ham\tsee you\nham\tsee you\nspam\t"WIN" a 5" pipe\\n\nham\tsee you\n'


def test_equal_lines_without_a_key_stay_apart_and_keep_their_keys(tmp_path, query):
    path = tmp_path / "collection"
    path.write_text(UNQUOTED)
    options = ("--no-header", "--no-quoting", "--delimiter", "tab", "--body", "2")

    load(path, *options)
    before = query("SELECT key, body FROM messages ORDER BY key")
    labelled = load(path, *options, "--label", "1")

    assert sorted(body for _, body in before) == [
        '"WIN" a 5" pipe\\n',
        "see you",
        "see you",
        "see you",
    ]
    assert query("SELECT key, body FROM messages ORDER BY key") == before
    assert count(labelled, "new reviews") == 4
    assert query(
        "SELECT label, source, count(*) FROM reviews GROUP BY 1, 2 ORDER BY 1"
    ) == [
        ("ham", "load", 3),
        ("spam", "load", 1),
    ]


BAD = [
    (b"id,body,label", None),
    (b"1,good,ham", None),
    (b"2,secret", "2 fields where the first line has 3"),
    (b"3,secret\xff,ham", "bytes that are not UTF-8"),
    (b"4,secret\0,ham", "a NUL character, which PostgreSQL cannot store"),
    (b" ,secret,ham", "an empty key"),
    (b"6,secret,", "an empty label"),
    (b"", "an empty line"),
    (b'7,"secret,spam', REASONS["expected after"]),
    (b'8,"good",spam', None),
    (b'9,"good', None),
    (b'on two lines",ham', None),
    (b"x" * 2001 + b",secret,ham", "a key of more than 2,000 bytes"),
    (b"10,sec\rret,ham", "a carriage return outside quotes"),
    (
        b'"12',
        "2 fields where the first line has 3, in the record on lines 15 to 16",
    ),
    (b'",secret', None),
    (b'11,"secret,ham', "a quote opens here and is never closed"),
    (b"13,good,ham", None),
]


def test_bad_lines_are_counted_and_named_and_the_others_loaded(tmp_path, query):
    path = tmp_path / "messages.csv"
    listing = tmp_path / "bad.tsv"
    path.write_bytes(b"".join(line + b"\n" for line, _ in BAD))

    columns = ("--key", "id", "--body", "body", "--label", "label")
    merge = ("--patch", "evaluation.merge={ham: [personal]}")
    result = load(path, *columns, *merge, "--bad-lines", str(listing))

    expected = [
        f"{line_number}\t{reason}"
        for line_number, (_, reason) in enumerate(BAD, start=1)
        if reason
    ]
    assert listing.read_text().splitlines() == expected
    assert count(result, "bad lines") == len(expected)
    assert result.stderr.splitlines() == [
        "line " + line.replace("\t", ": ") for line in expected
    ]
    assert query("SELECT array_agg(key ORDER BY key::int) FROM messages") == [
        (["1", "8", "9", "13"],)
    ]
    assert "secret" not in result.output


def test_a_quote_that_is_never_closed_costs_one_line_of_a_large_file(tmp_path, query):
    path = tmp_path / "messages.csv"
    lines = [f"{i},{'x' * 10_000}" for i in range(MAX_RECORD // 10_000 + 10)]
    lines[1] = '1,"open'
    path.write_text("id,body\n" + "\n".join(lines))

    result = load(path, "--key", "id", "--body", "body")

    assert result.stderr == (
        f"line 3: a quote opens here and is not closed within {MAX_RECORD:,} "
        "characters\n"
    )
    assert query("SELECT count(*) FROM messages") == [(len(lines) - 1,)]


def test_only_the_first_bad_lines_are_shown(tmp_path):
    path = tmp_path / "messages.csv"
    path.write_text("body\nhi\n" + "a,b\n" * 25)
    shown = load(path, "--body", "1").stderr.splitlines()
    assert len(shown) == 21
    assert shown[-1] == "... and 5 more bad lines; list them all with --bad-lines FILE"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2011-02-03T16:49:05Z", datetime(2011, 2, 3, 16, 49, 5, tzinfo=UTC)),
        ("2011-02-03 16:49:05 UTC", datetime(2011, 2, 3, 16, 49, 5, tzinfo=UTC)),
        ("2011-02-03 18:49:05+02:00", datetime(2011, 2, 3, 16, 49, 5, tzinfo=UTC)),
        ("20110203", datetime(2011, 2, 3, tzinfo=UTC)),
        ("2011.02.03\xa016:49  ", datetime(2011, 2, 3, 16, 49, tzinfo=UTC)),
        ("2011.2.3 9:49:05", datetime(2011, 2, 3, 9, 49, 5, tzinfo=UTC)),
        ("2011.02.0316:49:05", datetime(2011, 2, 3, 16, 49, 5, tzinfo=UTC)),
        ("2/13/2011 4:49:05 PM", datetime(2011, 2, 13, 16, 49, 5, tzinfo=UTC)),
        ("2/13/2011 13:05 am", None),
        ("2/13/2011 12:05 am", datetime(2011, 2, 13, 0, 5, tzinfo=UTC)),
        ("1296751745", datetime(2011, 2, 3, 16, 49, 5, tzinfo=UTC)),
        ("1296751745000", datetime(2011, 2, 3, 16, 49, 5, tzinfo=UTC)),
        ("", None),
        ("unknown", None),
        ("13/2/2011", None),
        ("2011.02.30", None),
        ("9999-12-31", None),
        ("12", None),
        ("9" * 30, None),
    ],
)
def test_timestamps_are_read_in_many_notations(text, moment):
    assert parse_timestamp(text) == moment


def test_a_message_without_a_readable_time_is_loaded_and_counted(tmp_path, query):
    path = tmp_path / "messages.tsv"
    path.write_text("body\tat\nfirst\t2011.02.03 16:49\nsecond\tunknown\n")
    loaded = load(path, "--body", "body", "--received-at", "at")
    assert count(loaded, "without a readable time") == 1
    assert query("SELECT body, received_at FROM messages ORDER BY body") == [
        ("first", datetime(2011, 2, 3, 16, 49, tzinfo=UTC)),
        ("second", None),
    ]


LABELLED = "body,label\none,Spam\ntwo,Spam\nthree,0\nfour,spam\nfive,dear all\n"


def test_labels_that_no_night_counts_are_named_and_can_be_mapped(tmp_path, query):
    path = tmp_path / "reviews.csv"
    path.write_text(LABELLED)
    options = ("--body", "body", "--label", "label")
    first = load(path, *options)
    assert count(first, "new reviews") == 5
    assert first.stderr.splitlines() == [
        f"Warning: {path}: label Spam (2 rows): not a label of the rules; did you mean "
        "spam? Use --label-map Spam=spam",
        f"Warning: {path}: label 0 (1 row): not a label of the rules; use --label-map "
        "0=OURS with one of notification, personal, spam, or set evaluation.merge",
        f"Warning: {path}: 1 row with a text that is not like a label, so it is not "
        "shown; check --label label, or map it with --label-map",
    ]

    mapped = load(
        path,
        *options,
        *("--label-map", "Spam=spam,0=personal", "--label-map", "dear all=spam"),
        *("--label-map", "Ham=personal"),
    )
    assert mapped.stderr == (
        "Warning: --label-map Ham: no row has this label; check its spelling\n"
    )
    assert count(mapped, "reviews with a changed label") == 4
    assert count(mapped, "new reviews") == count(mapped, "new messages") == 0
    assert query("SELECT label, count(*) FROM reviews GROUP BY 1 ORDER BY 1") == [
        ("personal", 1),
        ("spam", 4),
    ]


def test_labels_that_the_overlay_merges_are_known(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text(LABELLED)
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(
        "evaluation: {merge: {Spam: [spam], 0: [personal], dear all: [notification]}}"
    )
    options = ("--body", "body", "--label", "label", "--config", str(overlay))
    assert load(path, *options).stderr == ""


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--label-map", "Spam"], "'Spam': not a label and its new name; write it"),
        (["--label-map", "=spam"], "'=spam': not a label and its new name"),
        (["--label-map", "0=spam,0=personal"], "0: has two new names, spam and pers"),
    ],
)
def test_a_wrong_label_map_is_refused(tmp_path, query, options, reason):
    path = tmp_path / "reviews.csv"
    path.write_text(LABELLED)
    with pytest.raises(ConfigError, match=f"^--label-map {reason}"):
        load(path, "--body", "body", "--label", "label", *options)
    with pytest.raises(ConfigError, match=r"name their column with --label$"):
        load(path, "--body", "body", "--label-map", "Spam=spam")
    assert query("SELECT to_regclass('messages')") == [(None,)]


@given(
    names=st.dictionaries(
        ANY_TEXT.map(str.strip).filter(bool), st.sampled_from(["spam", "normal"])
    )
)
def test_any_label_can_be_mapped(names):
    line = io.StringIO()
    csv.writer(line).writerow(f"{label}={ours}" for label, ours in names.items())
    pairs = line.getvalue().removesuffix("\r\n")
    assert parse_label_maps([pairs] if names else []) == names


def test_a_wrong_column_is_counted_in_little_memory():
    labels = Labels({})
    for number in range(5 * MAX_COUNTED):
        assert labels.rename(f"text {number}") == f"text {number}"
    assert len(labels.counts) == MAX_COUNTED
    warnings = label_warnings("a.csv", labels, ["spam"], "--label 1")
    assert len(list(warnings)) == 1


def test_a_key_used_twice_is_counted(tmp_path, query):
    path = tmp_path / "messages.csv"
    path.write_text("id,body\n1,first\n1,second\n")
    loaded = load(path, "--key", "id", "--body", "body")
    assert count(loaded, "key of an earlier line") == 1
    assert query("SELECT body FROM messages") == [("first",)]


@pytest.mark.parametrize(
    ("content", "options", "error", "sentence"),
    [
        (
            b"id,body\n1,hi\n",
            ["--body", "text"],
            ConfigError,
            "--body text: not a column; use one of 1 'id', 2 'body'",
        ),
        (b"id,body\n1,hi\n", ["--body", "3"], ConfigError, "--body 3: not a column"),
        (b"a,a\n1,hi\n", ["--body", "a"], ConfigError, "2 columns have this name"),
        (
            b"1,hi\n",
            ["--body", "x", "--no-header"],
            ConfigError,
            "a number from 1 to 2",
        ),
        (b"a\nb\n", ["--body", "a", "--delimiter", "||"], ConfigError, "one character"),
        (b"", ["--body", "1"], DataError, "the file is empty"),
        (b"body\n", ["--body", "1"], DataError, "only a header"),
        (
            b"id,body\n1\n",
            ["--body", "2"],
            DataError,
            "bad lines: 1, first line 2: 1 field where the first line has 2",
        ),
        ("body\nhi\n".encode("utf-16"), ["--body", "1"], DataError, "UTF-16"),
        (
            gzip.compress(b"body\n" + b"hi\n" * 99, mtime=0)[:-9],
            ["--body", "1"],
            DataError,
            "damaged or ends early",
        ),
    ],
)
def test_a_file_that_cannot_be_loaded_is_an_error_and_leaves_nothing(
    *, tmp_path, query, content, options, error, sentence
):
    path = tmp_path / "messages.csv"
    path.write_bytes(content)
    with pytest.raises(error) as raised:
        load(path, *options)
    assert sentence in str(raised.value)
    if query("SELECT to_regclass('messages')") != [(None,)]:
        assert query("SELECT count(*) FROM messages") == [(0,)]


def test_a_missing_file_and_a_directory_are_errors(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        load(tmp_path / "nowhere.csv", "--body", "1")
    with pytest.raises(DataError, match="Is a directory"):
        load(tmp_path, "--body", "1")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (None, "NIGHTSIEVE_DATABASE_URL is not set"),
        ("postgresql://me:pa%ss@127.0.0.1:1/db", "does not answer|not a database URL"),
        ("postgresql://me:hunter2@127.0.0.1:1/db", "does not answer"),
        ("hunter2", "not a database URL"),
    ],
)
def test_the_error_of_an_unusable_database_does_not_quote_the_password(
    tmp_path, monkeypatch, url, sentence
):
    path = tmp_path / "messages.csv"
    path.write_text("body\nhi\n")
    monkeypatch.delenv("NIGHTSIEVE_DATABASE_URL")
    monkeypatch.delenv("NIGHTSIEVE_DATABASE_WRITER_URL")
    if url:
        monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", url)
    with pytest.raises(SourceError, match=sentence) as raised:
        load(path, "--body", "1")
    assert "hunter2" not in str(raised.value)
    assert "pa%ss" not in str(raised.value)
