"""Where nights are measured: embedded services, a table of so many rows, an empty S3 prefix, a configuration."""

import contextlib
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import yaml
from psycopg2.extensions import cursor as Cursor
from sqlalchemy.engine import make_url

from benchmarks import corpus
from benchmarks.night_stages import Place, program, watch
from nightsieve.cli.services import Stack
from nightsieve.cli.services.s3 import BUCKET
from pipeline.config import DEFAULTS, file_layer, resolve
from pipeline.config.settings import Settings
from pipeline.rules.files import read_pack, read_rules

RULES = 300
FRACTION = 0.1
REVIEWS = 10_000  # at most: humans do not review more because a table grows
COOLDOWN = 12  # seconds: luigid believes for ten that a task is done, and the same nights were done in another place
DATE = (
    corpus.UNTIL.date()
)  # all messages are earlier than its end, so the nights after it have the same sample


@contextlib.contextmanager
def running(home: Path) -> Iterator[Stack]:
    """The embedded services of that home; down again in the end, if they were not up before."""
    stack = Stack(home, log=say)
    before = all(each.state == "running" for each in stack.status())
    stack.up()
    try:
        yield stack
    finally:
        if not before:
            stack.down()


def filled(environment: Mapping[str, str], rows: int) -> dict[str, str]:
    """The environment with a schema that has a table of so many rows, filled and vacuumed if it is not there yet."""
    environment = with_schema(environment, f"rows_{rows}")
    with opened(environment) as cursor:
        cursor.execute("SELECT to_regclass('messages')")
        if cursor.fetchone()[0] is not None:
            cursor.execute("SELECT count(*) FROM messages")
            if cursor.fetchone()[0] == rows:
                return environment
        share = min(0.05, REVIEWS / rows)
        fill = [
            program("nightsieve"),
            "demo-data",
            "--rows",
            str(rows),
            "--until",
            str(DATE),
            "--reviewed",
            str(share),
        ]
        timed(f"{rows:,} rows into the table", watch, fill, environment)
        for table in (
            "messages",
            "reviews",
        ):  # what else autovacuum would do during the first nights
            cursor.execute(f"VACUUM (ANALYZE) {table}")
    return environment


def with_schema(environment: Mapping[str, str], schema: str) -> dict[str, str]:
    """The environment with a schema of this name for its database's own, made if it is not there yet."""
    url = make_url(environment["NIGHTSIEVE_DATABASE_URL"])
    own = url.update_query_dict(
        {"options": f"-csearch_path={schema}"}
    ).render_as_string(hide_password=False)
    environment = {**environment, "NIGHTSIEVE_DATABASE_URL": own}
    with opened(environment) as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    return environment


@contextlib.contextmanager
def opened(environment: Mapping[str, str]) -> Iterator[Cursor]:
    """A cursor in the environment's database; every statement is committed at once."""
    with contextlib.closing(
        psycopg2.connect(environment["NIGHTSIEVE_DATABASE_URL"])
    ) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


@contextlib.contextmanager
def empty(
    services: Stack, environment: Mapping[str, str], overlay: Path
) -> Iterator[Place]:
    """An S3 prefix that is empty, and is removed in the end."""
    time.sleep(COOLDOWN)
    prefix = f"bench-{uuid.uuid4().hex}"
    folder = services.home / "s3" / BUCKET / prefix
    try:
        yield Place(
            {**environment, "NIGHTSIEVE_STORAGE": f"s3://{BUCKET}/{prefix}"},
            folder,
            overlay,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_overlay(folder: Path) -> Path:
    """A configuration of a sample of one message in ten, and of the first rules of the pack."""
    written = read_pack(DEFAULTS.parent / "rules")[:RULES]
    (folder / "rules").mkdir()
    for label in {rule.label for rule in written}:
        entries = [
            rule.model_dump(exclude={"label"})
            for rule in written
            if rule.label == label
        ]
        text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False)
        (folder / "rules" / f"{label}.yaml").write_text(text, encoding="utf-8")
    overlay = folder / "bench.yaml"
    values = {
        "source": {"sample": {"fraction": FRACTION, "max_rows": None}},
        "labelling": {"rules": "rules"},
    }
    overlay.write_text(yaml.safe_dump(values), encoding="utf-8")
    return overlay


def resolved(overlay: Path) -> Settings:
    layers = [file_layer(DEFAULTS), file_layer(overlay)]
    return resolve(layers, read_rules).settings


def timed(what: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """What the call gives; that it began, and its seconds, on stderr."""
    begun = time.perf_counter()
    say(f"{what} ...")
    found = call(*arguments)
    say(f"{what}: {time.perf_counter() - begun:.1f} s")
    return found


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
