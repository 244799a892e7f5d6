"""The messages of thirty nights: most are older than the first, the rest come daily."""

import datetime
import functools
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness.command import log, temporary_folder

NIGHTS = 30
REVIEWED_SHARE = 0.2  # of the messages have a label that a person gave
DEMO_BEFORE = 6_000  # demo messages of the thirty days before the first night
DEMO_NEW = 3_000  # demo messages of the thirty days
UCI_SHARE_BEFORE = 0.65  # of the UCI messages, which have neither times nor senders
SEED = 20

Command = Callable[..., str]
"""Runs ``nightsieve`` with an environment and arguments; returns what it prints."""


@dataclass(frozen=True)
class Corpus:
    """Messages of thirty nights.

    Attributes
    ----------
    name, title
        Of the result, and for people.
    fill
        Loads the messages; it is given an environment, the first night and `Command`.
    overlay
        What of the configuration is theirs.
    """

    name: str
    title: str
    fill: Callable[[Mapping[str, str], datetime.date, Command], None]
    overlay: Mapping[str, object] = field(default_factory=dict)


def available_corpora(uci: Path) -> list[Corpus]:
    """Return the demo messages, and the UCI messages if their file is there."""
    corpora = [Corpus("sample", "The project's own sample", _fill_demo)]
    if not uci.exists():
        log(f"{uci}: not found; there will be no nights on the UCI messages")
        return corpora
    merge = {"evaluation": {"merge": {"ham": ["personal", "notification"]}}}
    fill = functools.partial(_fill_uci, uci)
    return [*corpora, Corpus("uci", "UCI SMS Spam Collection", fill, merge)]


def _fill_demo(
    environment: Mapping[str, str], first: datetime.date, command: Command
) -> None:
    """Write messages of the month before the first night, and of the month after."""
    day = datetime.timedelta(days=1)
    _write_demo(environment, command, 0, DEMO_BEFORE, first - day)
    _write_demo(environment, command, 1, DEMO_NEW, first + (NIGHTS - 1) * day)


def _write_demo(
    environment: Mapping[str, str],
    command: Command,
    seed: int,
    rows: int,
    until: datetime.date,
) -> None:
    options = ["--rows", str(rows), "--seed", str(seed), "--until", str(until)]
    options += ["--reviewed", str(REVIEWED_SHARE)]
    command(environment, "demo-data", *options)


def _fill_uci(
    file: Path, environment: Mapping[str, str], first: datetime.date, command: Command
) -> None:
    """Load the lines in random order, each with a time of receipt.

    Only a share of them keep the label that a person gave.
    """
    rng = random.Random(SEED)
    lines = file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    rng.shuffle(lines)
    morning = datetime.datetime.combine(first, datetime.time(8), datetime.UTC)
    reviewed: list[str] = []
    unreviewed: list[str] = []
    for index, line in enumerate(lines):
        new_share = (index / len(lines) - UCI_SHARE_BEFORE) / (1 - UCI_SHARE_BEFORE)
        day = max(math.floor(new_share * NIGHTS), -1)
        received_at = morning + datetime.timedelta(days=day)
        rows = reviewed if rng.random() < REVIEWED_SHARE else unreviewed
        rows.append(f"{index}\t{received_at.isoformat()}\t{line}\n")
    with temporary_folder() as folder:
        options = ["--no-header", "--no-quoting", "--key", "1"]
        options += ["--received-at", "2", "--body", "4"]
        for name, rows, label in (
            ("reviewed", reviewed, ["--label", "3"]),
            ("unreviewed", unreviewed, []),
        ):
            path = folder / f"{name}.tsv"
            path.write_text("".join(rows), encoding="utf-8")
            command(environment, "load", str(path), *options, *label)
