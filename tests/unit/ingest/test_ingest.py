"""Ingest from a real PostgreSQL and a real SQLite, with the same settings."""

import datetime
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy
from sqlalchemy.engine import Connection, make_url

from pipeline import config, ingest
from pipeline.config.settings import Source
from pipeline.data import schemas
from pipeline.errors import DataError, SourceError
from pipeline.ingest import stream
from pipeline.records.sample import SampleCounts
from pipeline.rules.files import read_rules

NIGHT = datetime.date(2026, 11, 20)
NASTY = [
    'quoted "text"',
    "line\nbreak\r\n",
    "",
    "tab\t\\N",
    "\U0001f600 \u0928\u092e\u0938\u094d\u0924\u0947",
    ",",
    " ",
]


def source(*patches: str) -> Source:
    """Return the source of the default configuration, patched."""
    layers = [config.file_layer(config.DEFAULTS), *map(config.patch_layer, patches)]
    return config.resolve(layers, read_rules).settings.source


@pytest.fixture(params=["postgresql", "sqlite"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    else:
        url = f"sqlite:///{tmp_path}/messages.db"
        (tmp_path / "messages.db").touch()
    with ingest.connect(make_url(url)) as connection:
        yield connection


#: The key, the body, and the time of receipt.
Message = tuple[str, str | None, str | None]
#: The key of the message, the label, the source, and the time of the review.
Review = tuple[str, str, str, str | None]


def execute(
    connection: Connection, statement: str, *rows: Mapping[str, object]
) -> None:
    """Execute a statement, once for each row of values, on a connection that writes.

    The connection of ingest cannot.
    """
    url = connection.engine.url
    writer = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with writer.begin() as writing:
        writing.execute(sqlalchemy.text(statement), list(rows) or None)


def fill(
    connection: Connection, messages: list[Message], reviews: Sequence[Review] = ()
) -> None:
    """Make tables as `nightsieve load` does."""
    time = "timestamptz" if connection.dialect.name == "postgresql" else "timestamp"
    execute(
        connection,
        f"CREATE TABLE messages (key text, body text, sender text, received_at {time})",
    )
    execute(
        connection,
        "CREATE TABLE reviews (message_key text, label text, source text, "
        f"annotator text NOT NULL DEFAULT '', reviewed_at {time})",
    )
    insert(connection, messages)
    for row in reviews:
        values = dict(zip("klst", row, strict=True))
        execute(connection, "INSERT INTO reviews VALUES (:k, :l, :s, '', :t)", values)


def insert(connection: Connection, messages: list[Message]) -> None:
    rows = [dict(zip("kbt", row, strict=True)) for row in messages]
    execute(connection, "INSERT INTO messages VALUES (:k, :b, 'AX-BANK', :t)", *rows)


def numbered(start: int, stop: int, text: str = "text") -> list[Message]:
    """Return messages with the keys from start to stop."""
    return [(str(key), text, None) for key in range(start, stop)]


def draw(
    connection: Connection, folder: Path, *patches: str, night: datetime.date = NIGHT
) -> tuple[pd.DataFrame, SampleCounts]:
    """Return the sampled messages by key, and the counts."""
    settings = source(*patches)
    sampled = ingest.draw_sample(connection, settings, night, folder)
    shards = []
    for file in sampled.files:
        shards.append(schemas.check(pd.read_parquet(file), "messages"))
    assert [len(shard) for shard in shards] == sampled.rows
    assert len(shards) == settings.shards
    return pd.concat(shards).set_index("key").sort_index(), sampled.counts


def sampled_keys(connection: Connection, folder: Path, *patches: str) -> set[str]:
    messages, _ = draw(connection, folder, *patches)
    return set(messages.index)


def test_every_message_arrives_as_it_is(connection, tmp_path):
    fill(connection, [(str(i), body, None) for i, body in enumerate(NASTY)])
    messages, counts = draw(connection, tmp_path)
    assert messages["body"].tolist() == NASTY
    assert messages["sender"].tolist() == ["AX-BANK"] * len(NASTY)
    assert counts == SampleCounts(sampled=7, null_bodies=0, oversized_bodies=0, kept=7)


def test_a_night_sees_messages_received_before_its_end_or_without_a_time(
    connection, tmp_path
):
    times = {
        "before": "2026-11-20 23:59:59+00:00",
        "after": "2026-11-21 00:00:00+00:00",
        "undated": None,
        "elsewhere": "2026-11-21 01:00:00+02:00",
    }
    fill(connection, [(key, "text", time) for key, time in times.items()])
    messages, _ = draw(connection, tmp_path)
    assert messages.index.tolist() == ["before", "elsewhere", "undated"]
    assert messages.loc["elsewhere", "received_at"] == pd.Timestamp(
        "2026-11-20 23:00", tz="UTC"
    )


def test_null_and_oversized_bodies_are_counted_and_left_out(connection, tmp_path):
    fill(
        connection,
        [
            ("null", None, None),
            ("fits", "\u00e9" * 5, None),
            ("long", "\u00e9" * 6, None),
        ],
    )
    messages, counts = draw(connection, tmp_path, "source.max_body_bytes=10")
    assert messages.index.tolist() == ["fits"]
    assert counts == SampleCounts(sampled=3, null_bodies=1, oversized_bodies=1, kept=1)


def test_the_sample_is_repeatable_and_keeps_its_messages_as_the_table_grows(
    connection, tmp_path
):
    fill(connection, numbered(0, 2_000))
    patch = "source.sample.fraction=0.3"
    first = sampled_keys(connection, tmp_path, patch)
    assert 500 < len(first) < 700
    assert sampled_keys(connection, tmp_path, patch) == first
    reseeded = sampled_keys(connection, tmp_path, patch, "source.sample.seed=1")
    assert reseeded != first
    capped = sampled_keys(connection, tmp_path, patch, "source.sample.max_rows=100")
    assert len(capped) == 100
    assert capped < first
    insert(connection, numbered(2_000, 3_000))
    grown = sampled_keys(connection, tmp_path, patch)
    assert {key for key in grown if int(key) < 2_000} == first


def test_the_filter_and_integer_keys(connection, tmp_path):
    execute(connection, "CREATE TABLE inbox (id bigint, said text, country text)")
    for i in range(20):
        country = "IN" if i % 2 else "GB"
        execute(
            connection,
            "INSERT INTO inbox VALUES (:i, 'text', :c)",
            {"i": i, "c": country},
        )
    columns = (
        "{key: {name: id, dtype: int64}, body: {name: said, dtype: string}, "
        "sender: null, received_at: null}"
    )
    messages, _ = draw(
        connection,
        tmp_path,
        "source.messages.table=inbox",
        f"source.messages.columns={columns}",
        "source.messages.where=country = 'IN'",
        "source.sample.fraction=0.9",
    )
    assert {int(key) % 2 for key in messages.index} == {1}
    assert messages["sender"].isna().all()


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        (
            "source.messages.table=mesages",
            "source.messages.table: table mesages does not exist; "
            "use one of messages, reviews",
        ),
        (
            "source.messages.columns.body.name=text",
            "column text does not exist in messages; "
            "use one of key, body, sender, received_at",
        ),
    ],
)
def test_an_unknown_table_or_column_is_named_with_those_that_exist(
    connection, tmp_path, patch, says
):
    fill(connection, [("1", "text", None)])
    with pytest.raises(SourceError) as refused:
        draw(connection, tmp_path, patch)
    assert says in str(refused.value)


def test_a_column_of_another_type_is_named(database_url, tmp_path):
    with ingest.connect(make_url(database_url)) as connection:
        fill(connection, [("1", "text", None)])
        with pytest.raises(
            SourceError, match=r"columns\.key: messages\.key is TEXT, not int64"
        ):
            draw(connection, tmp_path, "source.messages.columns.key.dtype=int64")


def test_keys_that_are_not_unique_are_refused(connection, tmp_path):
    fill(connection, [("1", "text", None), ("1", "other", None)])
    with pytest.raises(SourceError, match=r"messages\.key is not unique"):
        draw(connection, tmp_path)


@pytest.fixture
def small_blocks(monkeypatch) -> int:
    """Make blocks so small that a hundred rows are several; return their bytes."""
    monkeypatch.setattr(stream, "BLOCK", 10_000)
    return stream.BLOCK


def fill_many(connection: Connection) -> None:
    fill(connection, numbered(0, 6_000, "text " * 40))


def refusal(database_url: str, folder: Path, *statements: str) -> str:
    """Return the error of drawing many messages after these statements.

    Drawing fails inside the connection, as in a night.
    """
    with (  # noqa: PT012 - the connection itself raises the error
        pytest.raises(SourceError) as refused,
        ingest.connect(make_url(database_url)) as connection,
    ):
        fill_many(connection)
        for statement in statements:
            execute(connection, statement)
        draw(connection, folder)
    return str(refused.value)


def test_a_row_that_is_far_too_long_is_refused(database_url, tmp_path):
    message = refusal(
        database_url,
        tmp_path,
        "UPDATE messages SET sender = repeat('s', 20000000) WHERE key IN ('7', '70')",
    )
    assert "a row is longer than 8 MB" in message


@pytest.mark.timeout(60)
@pytest.mark.parametrize("key", [0, 10, 5_999])
def test_a_row_that_is_too_long_is_refused_at_any_position(
    small_blocks, key, database_url, tmp_path
):
    message = refusal(
        database_url,
        tmp_path,
        f"UPDATE messages SET sender = repeat('s', 20000) WHERE key = '{key}'",
    )
    assert re.search("a row is longer than .* MB", message)


@pytest.mark.timeout(60)
def test_a_text_that_is_not_utf_8_is_refused(
    small_blocks, database_url, tmp_path, monkeypatch
):
    # A database with the encoding SQL_ASCII sends such bytes; tests may not make one.
    write = stream.Blocks.write

    def write_invalid(blocks: stream.Blocks, row: bytes) -> None:
        write(blocks, row.replace(b'"10"', b'"\xff"'))

    monkeypatch.setattr(stream.Blocks, "write", write_invalid)
    assert "a text is not valid UTF-8" in refusal(database_url, tmp_path)


@pytest.mark.timeout(60)
def test_a_connection_that_was_lost_ends_the_stream(database_url):
    url = make_url(database_url)

    def read_lost_connection() -> None:
        with ingest.connect(url) as connection:
            connection.connection.dbapi_connection.close()
            list(stream.stream(connection, "SELECT 1", {}))

    with pytest.raises(SourceError):
        read_lost_connection()


@pytest.mark.timeout(60)
def test_little_is_read_ahead_of_a_slow_reader_and_a_stream_that_is_given_up_ends(
    small_blocks, database_url, tmp_path, monkeypatch
):
    write = stream.Blocks.write
    written: list[int] = []
    ahead: list[float] = []

    def write_counted(blocks: stream.Blocks, row: bytes) -> None:
        written.append(len(row))
        write(blocks, row)

    monkeypatch.setattr(stream.Blocks, "write", write_counted)

    def slowly(rows: int) -> None:
        time.sleep(0.2)
        ahead.append(sum(written) / small_blocks - len(ahead) - 1)
        if len(ahead) == 5:
            raise InterruptedError

    with ingest.connect(make_url(database_url)) as connection:
        fill_many(connection)
        with pytest.raises(InterruptedError):
            ingest.draw_sample(
                connection, source("source.sample.fraction=1"), NIGHT, tmp_path, slowly
            )
    assert 0 < max(ahead) < stream.AHEAD + 1


def test_an_empty_sample_is_an_error(connection, tmp_path):
    fill(connection, [("1", "text", "2026-11-21 00:00:00+00:00")])
    with pytest.raises(
        DataError,
        match="the sample is empty: messages has no message with received_at up to "
        "2026-11-20",
    ):
        draw(connection, tmp_path)
    with pytest.raises(
        DataError,
        match="1 of 1 sampled messages have no body, or a body over "
        r"source\.max_body_bytes",
    ):
        draw(
            connection,
            tmp_path,
            "source.max_body_bytes=1",
            night=datetime.date(2026, 11, 21),
        )


def test_a_statement_that_fails_gives_its_sqlstate_and_no_row(database_url, tmp_path):
    with (  # noqa: PT012 - the connection itself raises the error
        pytest.raises(SourceError) as refused,
        ingest.connect(make_url(database_url)) as connection,
    ):
        fill(connection, [("1", "a private message", None)])
        draw(connection, tmp_path, "source.messages.where=CAST(body AS int) > 0")
    assert "22P02 invalid_text_representation" in str(refused.value)
    assert "private" not in str(refused.value)


def test_reviews_come_with_their_messages(connection):
    late = "2026-11-21 08:00:00+00:00"
    reviews = [
        ("1", "spam", "ann", None),
        ("1", "ham", "bob", None),
        ("2", "ham", "ann", late),
        ("9", "ham", "ann", None),
    ]
    fill(connection, [("1", "free cash", None), ("2", "hello", None)], reviews)
    table = ingest.read_reviews(connection, source(), NIGHT)
    assert table[["key", "body", "label", "source"]].values.tolist() == [
        ["1", "free cash", "spam", "ann"],
        ["1", "free cash", "ham", "bob"],
    ]
    # An empty name is no name.
    assert table["annotator"].isna().all()
    assert ingest.read_reviews(connection, source("source.reviews=null"), NIGHT).empty


def test_a_table_without_annotators_is_read_if_the_configuration_says_so(connection):
    fill(connection, [("1", "free cash", None)], [("1", "spam", "crowd", None)])
    execute(connection, "ALTER TABLE reviews DROP COLUMN annotator")
    with pytest.raises(
        SourceError,
        match=r"^source\.reviews\.columns\.annotator: column annotator does not exist "
        "in reviews; use one of message_key, label, source, reviewed_at, or null$",
    ):
        ingest.read_reviews(connection, source(), NIGHT)
    settings = source("source.reviews.columns.annotator=null")
    table = ingest.read_reviews(connection, settings, NIGHT)
    assert table["annotator"].isna().tolist() == [True]


def test_reviews_name_their_annotator_if_the_table_does(connection):
    fill(
        connection,
        [("1", "free cash", None)],
        [("1", "spam", "crowd", None), ("1", "ham", "crowd", None)],
    )
    execute(connection, "ALTER TABLE reviews ADD COLUMN who int")
    execute(
        connection, "UPDATE reviews SET who = CASE label WHEN 'spam' THEN 2 ELSE 1 END"
    )
    settings = source("source.reviews.columns.annotator={name: who, dtype: int64}")
    table = ingest.read_reviews(connection, settings, NIGHT)
    assert table[["label", "annotator"]].values.tolist() == [
        ["ham", "1"],
        ["spam", "2"],
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": "wrong"}, 'password authentication failed for user "'),
        ({"port": 1}, "Connection refused"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
    ],
)
def test_an_unreachable_database_is_named_without_its_password(
    database_url, change, says
):
    url = make_url(database_url).set(**change)
    with pytest.raises(SourceError) as refused, ingest.connect(url):
        pass
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert url.password not in str(refused.value)


def test_a_sqlite_file_that_does_not_exist_is_not_made(tmp_path):
    with (
        pytest.raises(SourceError, match="the file does not exist"),
        ingest.connect(make_url(f"sqlite:///{tmp_path}/new.db")),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_bytes_in_sqlite_that_are_not_unicode_become_replacement_characters(tmp_path):
    database = tmp_path / "messages.db"
    database.touch()
    with ingest.connect(make_url(f"sqlite:///{database}")) as connection:
        fill(connection, [("1", "text", None)])
        execute(connection, "UPDATE messages SET body = CAST(x'61ff00ed' AS TEXT)")
        messages, _ = draw(connection, tmp_path)
    assert messages["body"].tolist() == ["a\ufffd\x00\ufffd"]
