"""The texts of texts/*.yaml, ready to be drawn by the thousand."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from itertools import accumulate

import numpy as np
import yaml

SLOT = re.compile(r"\{(\w+)\}")
# How many values of a slot with slots in it there are: drawn once, then picked from.
POOL = 8192

Draw = Callable[[np.random.Generator, int], list[str]]


@dataclass(frozen=True)
class Phrase:
    """A text with slots."""

    pattern: str
    slots: tuple[Draw, ...]

    def draw(self, rng: np.random.Generator, n: int) -> list[str]:
        """The text `n` times, its slots filled at random."""
        if not self.slots:
            return [self.pattern] * n
        return list(
            map(
                self.pattern.__mod__,
                zip(*(slot(rng, n) for slot in self.slots), strict=True),
            )
        )


@dataclass(frozen=True)
class Family:
    """The texts of one kind of message and who sends them."""

    texts: tuple[Phrase, ...]
    senders: Draw


@dataclass(frozen=True)
class Label:
    """All families of one label; `cumulative`, [n_families], is the chance of this family or an earlier one."""

    families: tuple[Family, ...]
    cumulative: np.ndarray


@cache
def labels(names: tuple[str, ...]) -> tuple[Label, ...]:
    """What each of the labels named has to say."""
    vocabulary = Vocabulary(_read("vocabulary"))
    return tuple(_label(_read(name), vocabulary) for name in names)


class Vocabulary:
    """Slot name -> what draws values for it."""

    def __init__(self, entries: dict):
        self._entries = entries
        self._draws: dict[str, Draw] = {}

    def phrase(self, text: str) -> Phrase:
        """The text with its slots looked up."""
        parts = SLOT.split(text)
        if len(parts) == 1:
            return Phrase(text, ())
        pattern = "%s".join(part.replace("%", "%%") for part in parts[::2])
        return Phrase(pattern, tuple(self.draw(name) for name in parts[1::2]))

    def draw(self, name: str) -> Draw:
        """What draws values for one slot."""
        if name not in self._draws:
            self._draws[name] = self._compile(name, self._entries[name])
        return self._draws[name]

    def _compile(self, name: str, entry: dict | list) -> Draw:
        if isinstance(entry, list):
            values = [str(value) for value in entry]
            return partial(_pick, np.array(self._pool(name, values), dtype=object))
        if "digits" in entry:
            return partial(_digits, entry["digits"])
        return partial(_amounts, entry["from"], entry["to"], entry.get("decimals", 0))

    def _pool(self, name: str, values: list[str]) -> list[str]:
        phrases = [self.phrase(value) for value in values]
        if not any(phrase.slots for phrase in phrases):
            return values
        rng = np.random.default_rng(list(name.encode()))
        return [
            text
            for phrase in phrases
            for text in phrase.draw(rng, POOL // len(phrases))
        ]


def _label(families: dict, vocabulary: Vocabulary) -> Label:
    shares = np.array(list(accumulate(family["share"] for family in families.values())))
    built = (
        Family(
            tuple(map(vocabulary.phrase, family["texts"])),
            vocabulary.draw(family["senders"]),
        )
        for family in families.values()
    )
    return Label(tuple(built), shares / shares[-1])


def _read(name: str) -> dict:
    return yaml.safe_load(
        (files(__package__) / "texts" / f"{name}.yaml").read_text(encoding="utf-8")
    )


def _pick(pool: np.ndarray, rng: np.random.Generator, n: int) -> list[str]:
    return pool[rng.integers(len(pool), size=n)].tolist()


def _digits(count: int, rng: np.random.Generator, n: int) -> list[str]:
    return list(map(f"%0{count}d".__mod__, rng.integers(10**count, size=n).tolist()))


def _amounts(
    low: int, high: int, decimals: int, rng: np.random.Generator, n: int
) -> list[str]:
    values = np.exp(rng.uniform(np.log(low), np.log(high), size=n)).tolist()
    return [f"{value:,.{decimals}f}" for value in values]
