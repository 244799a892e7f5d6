"""Where nights are measured: embedded services, a filled table, an S3 prefix."""

import contextlib
import shutil
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg2
import psycopg2.extensions
import yaml
from sqlalchemy.engine import make_url

from benchmarks.harness import corpus
from benchmarks.harness.command import announced, log
from benchmarks.harness.nights import Site
from benchmarks.harness.processes import program, watch
from nightsieve.cli.services import Stack
from nightsieve.cli.services.s3 import BUCKET
from pipeline.config import DEFAULTS, file_layer, resolve
from pipeline.config.settings import Settings
from pipeline.rules.files import read_pack, read_rules

RULES = 300
SAMPLED_FRACTION = 0.1
MAX_REVIEW_SHARE = 0.05
MAX_REVIEWS = 10_000  # humans do not review more because a table grows
# luigid believes for ten seconds that a task is done, and the tasks of the same nights
# were done under another prefix.
COOLDOWN_SECONDS = 12
# All messages are earlier than the end of this day, so later nights sample the same.
DATE = corpus.UNTIL.date()


@contextlib.contextmanager
def running_services(home: Path) -> Iterator[Stack]:
    """Start the embedded services; stop them at the end if they were not running."""
    stack = Stack(home, log=log)
    were_running = all(service.state == "running" for service in stack.status())
    stack.up()
    try:
        yield stack
    finally:
        if not were_running:
            stack.down()


def fill_table(environment: Mapping[str, str], rows: int) -> dict[str, str]:
    """Return the environment with a schema whose table has this many rows.

    The table is filled and vacuumed if it is not there yet.
    """
    environment = with_schema(environment, f"rows_{rows}")
    with open_cursor(environment) as cursor:
        if _count_messages(cursor) == rows:
            return environment
        reviewed = min(MAX_REVIEW_SHARE, MAX_REVIEWS / rows)
        command = [program("nightsieve"), "demo-data", "--rows", str(rows)]
        command += ["--until", str(DATE), "--reviewed", str(reviewed)]
        with announced(f"{rows:,} rows into the table"):
            watch(command, environment)
        # Otherwise autovacuum would do it during the first nights.
        cursor.execute("VACUUM (ANALYZE) messages")
        cursor.execute("VACUUM (ANALYZE) reviews")
    return environment


def with_schema(environment: Mapping[str, str], schema: str) -> dict[str, str]:
    """Return the environment with a schema of this name, made if it is not there."""
    environment = dict(environment)
    for variable in ("NIGHTSIEVE_DATABASE_URL", "NIGHTSIEVE_DATABASE_WRITER_URL"):
        url = make_url(environment[variable])
        url = url.update_query_dict({"options": f"-csearch_path={schema}"})
        environment[variable] = url.render_as_string(hide_password=False)
    with open_cursor(environment) as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    return environment


@contextlib.contextmanager
def open_cursor(environment: Mapping[str, str]) -> Iterator[psycopg2.extensions.cursor]:
    """Open a cursor in the environment's database; every statement commits at once."""
    connection = psycopg2.connect(environment["NIGHTSIEVE_DATABASE_WRITER_URL"])
    with contextlib.closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


@contextlib.contextmanager
def empty_prefix(
    services: Stack, environment: Mapping[str, str], overlay: Path
) -> Iterator[Site]:
    """Make an empty S3 prefix, and remove it at the end."""
    time.sleep(COOLDOWN_SECONDS)
    prefix = f"bench-{uuid.uuid4().hex}"
    folder = services.home / "s3" / BUCKET / prefix
    storage = f"s3://{BUCKET}/{prefix}"
    try:
        yield Site({**environment, "NIGHTSIEVE_STORAGE": storage}, folder, overlay)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_overlay(folder: Path) -> Path:
    """Write a configuration that samples one message in ten, with `RULES` rules."""
    rules = read_pack(DEFAULTS.parent / "rules")[:RULES]
    (folder / "rules").mkdir()
    entries_by_label = defaultdict(list)
    for rule in rules:
        entries_by_label[rule.label].append(rule.model_dump(exclude={"label"}))
    for label, entries in entries_by_label.items():
        text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False)
        (folder / "rules" / f"{label}.yaml").write_text(text, encoding="utf-8")
    overlay = folder / "bench.yaml"
    values = {
        "source": {"sample": {"fraction": SAMPLED_FRACTION, "max_rows": None}},
        "labelling": {"rules": "rules"},
    }
    overlay.write_text(yaml.safe_dump(values), encoding="utf-8")
    return overlay


def settings_of(overlay: Path) -> Settings:
    """Return the default configuration under the overlay."""
    layers = [file_layer(DEFAULTS), file_layer(overlay)]
    return resolve(layers, read_rules).settings


def _count_messages(cursor: psycopg2.extensions.cursor) -> int | None:
    """Return the rows of the table; None where there is no table."""
    cursor.execute("SELECT to_regclass('messages')")
    if _only_value(cursor) is None:
        return None
    cursor.execute("SELECT count(*) FROM messages")
    count = _only_value(cursor)
    assert isinstance(count, int)
    return count


def _only_value(cursor: psycopg2.extensions.cursor) -> str | int | None:
    row = cursor.fetchone()
    assert row is not None
    return row[0]
