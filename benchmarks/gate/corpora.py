"""The messages of thirty nights, in the database before the first: most are older, the rest come day by day."""

import datetime
import functools
import math
import random
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.corpus import PUBLIC

UCI = PUBLIC / "uci-sms" / "SMSSpamCollection"
NIGHTS = 30
REVIEWED = 0.2  # of the messages have a label that a person gave
BEFORE, NEW = (
    6_000,
    3_000,
)  # sample messages of the thirty days before, and of the thirty
UCI_BEFORE = 0.65  # of its messages; it has neither times nor senders
SEED = 20

Command = Callable[..., str]


@dataclass(frozen=True)
class Corpus:
    """Messages by their name, and their source in words; what loads them, and what of the configuration is theirs."""

    name: str
    source: str
    fill: Callable[[Mapping[str, str], datetime.date, Command], None]
    configuration: Mapping[str, Any] = field(default_factory=dict)


def chosen(uci: Path) -> list[Corpus]:
    """The project's own sample, and the UCI SMS Spam Collection if its file is there."""
    corpora = [Corpus("sample", "The project's own sample", _sample)]
    if uci.exists():
        merge = {"evaluation": {"merge": {"ham": ["personal", "notification"]}}}
        corpora.append(
            Corpus(
                "uci", "UCI SMS Spam Collection", functools.partial(_uci, uci), merge
            )
        )
    else:
        print(
            f"{uci} is missing, so there will be no nights on its messages",
            file=sys.stderr,
        )
    return corpora


def _sample(
    environment: Mapping[str, str], first: datetime.date, command: Command
) -> None:
    """Write messages of the month before the first night, and of the month that begins with it."""
    for seed, rows, days in ((0, BEFORE, -1), (1, NEW, NIGHTS - 1)):
        until = first + datetime.timedelta(days=days)
        words = [
            "--rows",
            str(rows),
            "--seed",
            str(seed),
            "--until",
            str(until),
            "--reviewed",
            str(REVIEWED),
        ]
        command(environment, "demo-data", *words)


def _uci(
    file: Path, environment: Mapping[str, str], first: datetime.date, command: Command
) -> None:
    """Load its lines in random order, a time of receipt beside each; only some keep the label that a person gave."""
    chance = random.Random(SEED)
    lines = file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    chance.shuffle(lines)
    morning = datetime.datetime.combine(first, datetime.time(8), datetime.UTC)
    reviewed, rest = [], []
    for place, line in enumerate(lines):
        day = math.floor((place / len(lines) - UCI_BEFORE) / (1 - UCI_BEFORE) * NIGHTS)
        received_at = morning + datetime.timedelta(days=max(day, -1))
        (reviewed if chance.random() < REVIEWED else rest).append(
            f"{place}\t{received_at.isoformat()}\t{line}\n"
        )
    with tempfile.TemporaryDirectory(prefix="nightsieve-bench-") as folder:
        for name, some, label in (
            ("reviewed", reviewed, ["--label", "3"]),
            ("rest", rest, []),
        ):
            written = Path(folder) / f"{name}.tsv"
            written.write_text("".join(some), encoding="utf-8")
            options = [
                "--no-header",
                "--no-quoting",
                "--key",
                "1",
                "--received-at",
                "2",
                "--body",
                "4",
                *label,
            ]
            command(environment, "load", str(written), *options)
