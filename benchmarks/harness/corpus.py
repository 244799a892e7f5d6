"""The messages that everything is measured on: sample messages of the project's own, and public ones where they are."""

import csv
import datetime
import gzip
import itertools
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import ROOT
from nightsieve.cli.demo_data import generate

PUBLIC = ROOT.parent / "shared" / "data"
UNTIL = datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC)
SEED = 20

Message = tuple[str, str]


@dataclass(frozen=True)
class Corpus:
    """Messages in random order, the same in every run.

    Attributes
    ----------
    texts, labels : ``personal``, ``notification`` or ``spam`` for each text.
    sources : how many messages each source gave.
    """

    texts: list[str]
    labels: list[str]
    sources: dict[str, int]


def messages(total: int) -> Corpus:
    """As many messages as ``total``, at most three fifths of them public; the sample makes up the rest.

    Public messages are those of people: what is not marked as spam counts as personal.
    """
    public = _public()
    chance = random.Random(SEED)
    found = _drawn(chance, public, most=total * 3 // 5)
    found["sample"] = list(_sample(total - sum(map(len, found.values()))))
    everything = [message for source in found.values() for message in source]
    chance.shuffle(everything)
    texts, labels = map(list, zip(*everything, strict=True))
    return Corpus(
        texts, labels, {name: len(source) for name, source in found.items() if source}
    )


def public() -> dict[str, list[str]]:
    """All texts of each public source."""
    return {name: [text for text, _ in found] for name, found in _public().items()}


def reviewed() -> tuple[list[str], np.ndarray]:
    """The UCI messages and what a human said of each, ``ham`` or ``spam``; empty where there are none."""
    found = list(_uci())
    human = np.array(["spam" if label == "spam" else "ham" for _, label in found])
    return [text for text, _ in found], human


def patterns() -> list[str]:
    """The public patterns that `re` compiles, each once; empty where there are none."""
    files = sorted((PUBLIC / "regex-corpora").glob("*.jsonl"))
    entries = (json.loads(line) for file in files for line in _lines(file))
    return list(dict.fromkeys(entry["pattern"] for entry in entries if entry["re_ok"]))


def _public() -> dict[str, list[Message]]:
    public = {
        "UCI": list(_uci()),
        "NUS English": list(_nus("en")),
        "NUS Chinese": list(_nus("zh")),
    }
    if missing := [name for name, found in public.items() if not found]:
        print(f"without {', '.join(missing)}: not in {PUBLIC}", file=sys.stderr)
    return public


def _drawn(
    chance: random.Random, public: dict[str, list[Message]], most: int
) -> dict[str, list[Message]]:
    """The same share of each source, so that all are at most so many."""
    share = min(1, most / max(1, sum(map(len, public.values()))))
    return {
        name: chance.sample(source, int(len(source) * share))
        for name, source in public.items()
    }


def _sample(total: int) -> Iterator[Message]:
    # A few messages have no body, so some more are made than asked for.
    blocks = generate(total + total // 100 + 100, SEED, UNTIL)
    made = (
        message
        for block in blocks
        for message in zip(block.bodies, block.labels, strict=True)
    )
    yield from itertools.islice(
        (message for message in made if message[0] is not None), total
    )


def _uci() -> Iterator[Message]:
    for line in _lines(PUBLIC / "uci-sms" / "SMSSpamCollection"):
        label, _, text = line.rstrip("\r\n").partition("\t")
        yield text, "spam" if label == "spam" else "personal"


def _nus(language: str) -> Iterator[Message]:
    csv.field_size_limit(2**31 - 1)
    for row in csv.DictReader(_lines(PUBLIC / "nus-sms" / "messages.csv.gz")):
        if row["lang"] == language:
            yield row["body"], "personal"


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with (gzip.open if path.suffix == ".gz" else open)(
            path, "rt", encoding="utf-8", newline=""
        ) as file:
            yield from file
