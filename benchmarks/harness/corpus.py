"""The messages that are measured on: demo messages of the project, and public ones."""

import csv
import datetime
import gzip
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness.command import log
from benchmarks.harness.machine import ROOT
from nightsieve.cli.demo_data import generate
from pipeline.config.settings import Rule

PUBLIC = ROOT.parent / "shared" / "data"
UCI_FILE = PUBLIC / "uci-sms" / "SMSSpamCollection"
UNTIL = datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC)
SEED = 20
PUBLIC_SHARE = (3, 5)  # at most three fifths of the messages are public

Message = tuple[str, str]
"""A text and its label."""


@dataclass(frozen=True)
class Corpus:
    """Messages in random order, the same in every run.

    Attributes
    ----------
    labels
        ``personal``, ``notification`` or ``spam`` for each text.
    sources
        How many messages each source gave.
    """

    texts: list[str]
    labels: list[str]
    sources: dict[str, int]


def draw_messages(total: int) -> Corpus:
    """Draw messages: at most three fifths of them public, the rest demo messages.

    Public messages are those of people: what is not marked as spam counts as personal.
    """
    rng = random.Random(SEED)
    numerator, denominator = PUBLIC_SHARE
    maximum_public = total * numerator // denominator
    by_source = _draw_share(rng, _public_messages(), maximum_public)
    public_count = sum(map(len, by_source.values()))
    by_source["sample"] = list(_demo_messages(total - public_count))
    shuffled = list(itertools.chain.from_iterable(by_source.values()))
    rng.shuffle(shuffled)
    return Corpus(
        texts=[text for text, _ in shuffled],
        labels=[label for _, label in shuffled],
        sources={name: len(drawn) for name, drawn in by_source.items() if drawn},
    )


def public_texts() -> dict[str, list[str]]:
    """Return all texts of each public source."""
    return {
        name: [text for text, _ in messages]
        for name, messages in _public_messages().items()
    }


def reviewed_messages() -> tuple[list[str], np.ndarray]:
    """Return the UCI messages, and what a human said of each: ``ham`` or ``spam``.

    Both are empty where the file is missing.
    """
    messages = list(_uci_messages())
    texts = [text for text, _ in messages]
    human = ["spam" if label == "spam" else "ham" for _, label in messages]
    return texts, np.array(human)


def public_rules() -> list[Rule]:
    """Return the public patterns as rules; there are none where files are missing."""
    return [
        Rule(id=f"public-{index}", label="spam", pattern=pattern, why="public")
        for index, pattern in enumerate(_public_patterns())
    ]


def _public_patterns() -> list[str]:
    """Return the patterns that `re` compiles, each once."""
    patterns = []
    for file in sorted((PUBLIC / "regex-corpora").glob("*.jsonl")):
        for line in _lines(file):
            entry = json.loads(line)
            if entry["re_ok"]:
                patterns.append(entry["pattern"])
    return list(dict.fromkeys(patterns))


def _public_messages() -> dict[str, list[Message]]:
    by_source = {
        "UCI": list(_uci_messages()),
        "NUS English": list(_nus_messages("en")),
        "NUS Chinese": list(_nus_messages("zh")),
    }
    missing = [name for name, messages in by_source.items() if not messages]
    if missing:
        log(f"{', '.join(missing)}: not in {PUBLIC}; measuring without them")
    return by_source


def _draw_share(
    rng: random.Random, by_source: dict[str, list[Message]], maximum: int
) -> dict[str, list[Message]]:
    """Draw the same share of each source, so that all have at most ``maximum``."""
    total = sum(map(len, by_source.values()))
    share = min(1, maximum / max(1, total))
    return {
        name: rng.sample(messages, int(len(messages) * share))
        for name, messages in by_source.items()
    }


def _demo_messages(total: int) -> Iterator[Message]:
    return itertools.islice(_generate_demo_messages(total), total)


def _generate_demo_messages(total: int) -> Iterator[Message]:
    # A few messages have no body, so more are generated than needed.
    for block in generate(total + total // 100 + 100, SEED, UNTIL):
        for body, label in zip(block.bodies, block.labels, strict=True):
            if body is not None:
                yield body, label


def _uci_messages() -> Iterator[Message]:
    for line in _lines(UCI_FILE):
        label, _, text = line.rstrip("\r\n").partition("\t")
        yield text, "spam" if label == "spam" else "personal"


def _nus_messages(language: str) -> Iterator[Message]:
    csv.field_size_limit(2**31 - 1)
    for row in csv.DictReader(_lines(PUBLIC / "nus-sms" / "messages.csv.gz")):
        if row["lang"] == language:
            yield row["body"], "personal"


def _lines(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    open_text = gzip.open if path.suffix == ".gz" else open
    with open_text(path, "rt", encoding="utf-8", newline="") as file:
        for line in file:
            yield str(line)
