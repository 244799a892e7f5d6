"""Read the texts of ``texts/*.yaml``, and draw thousands of messages from them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from itertools import accumulate
from typing import TypeAlias, TypedDict

import numpy as np
import yaml

SLOT = re.compile(r"\{(\w+)\}")
# Number of values of a slot whose values have slots: drawn once, then chosen from.
POOL = 8192

#: Return as many random values of a slot as the number says.
Draw: TypeAlias = Callable[[np.random.Generator, int], list[str]]


#: A slot in vocabulary.yaml: its values; or ``digits``, or ``from``, ``to`` and perhaps
#: ``decimals``, which say what numbers its values are.
SlotEntry: TypeAlias = list[object] | dict[str, int]


class FamilyEntry(TypedDict):
    """A family in the file of its label."""

    share: float
    texts: list[str]
    senders: str


@dataclass(frozen=True)
class Phrase:
    """A text with slots, each written as ``%s``."""

    pattern: str
    slots: tuple[Draw, ...]

    def draw(self, rng: np.random.Generator, n: int) -> list[str]:
        """Return `n` texts, with the slots filled at random."""
        if not self.slots:
            return [self.pattern] * n
        columns = [slot(rng, n) for slot in self.slots]
        return [self.pattern % values for values in zip(*columns, strict=True)]


@dataclass(frozen=True)
class Family:
    """The texts of one kind of message, and who sends them."""

    texts: tuple[Phrase, ...]
    senders: Draw


@dataclass(frozen=True)
class Label:
    """All families of one label.

    Attributes
    ----------
    cumulative
        [n_families], the probability of the family or one before it.
    """

    families: tuple[Family, ...]
    cumulative: np.ndarray


@cache
def labels(names: tuple[str, ...]) -> tuple[Label, ...]:
    """Return the families of each label."""
    entries: dict[str, SlotEntry] = yaml.safe_load(_read("vocabulary"))
    vocabulary = Vocabulary(entries)
    return tuple(_label(yaml.safe_load(_read(name)), vocabulary) for name in names)


class Vocabulary:
    """The slots, each with a function that draws its values."""

    def __init__(self, entries: dict[str, SlotEntry]) -> None:
        self._entries = entries
        self._draws: dict[str, Draw] = {}

    def phrase(self, text: str) -> Phrase:
        """Return the text with a function for each of its slots."""
        parts = SLOT.split(text)
        if len(parts) == 1:
            return Phrase(text, ())
        pattern = "%s".join(part.replace("%", "%%") for part in parts[::2])
        return Phrase(pattern, tuple(map(self.draw, parts[1::2])))

    def draw(self, name: str) -> Draw:
        """Return the function that draws the values of a slot."""
        if name not in self._draws:
            self._draws[name] = self._compile(name, self._entries[name])
        return self._draws[name]

    def _compile(self, name: str, entry: SlotEntry) -> Draw:
        if isinstance(entry, list):
            pool = self._pool(name, list(map(str, entry)))
            return partial(_pick, np.array(pool, dtype=object))
        if "digits" in entry:
            return partial(_digits, entry["digits"])
        return partial(_amounts, entry["from"], entry["to"], entry.get("decimals", 0))

    def _pool(self, name: str, values: list[str]) -> list[str]:
        phrases = list(map(self.phrase, values))
        if not any(phrase.slots for phrase in phrases):
            return values
        rng = np.random.default_rng(list(name.encode()))
        pool = []
        for phrase in phrases:
            pool += phrase.draw(rng, POOL // len(phrases))
        return pool


def _label(entries: dict[str, FamilyEntry], vocabulary: Vocabulary) -> Label:
    families = []
    for entry in entries.values():
        texts = tuple(map(vocabulary.phrase, entry["texts"]))
        families.append(Family(texts, vocabulary.draw(entry["senders"])))
    shares = list(accumulate(entry["share"] for entry in entries.values()))
    return Label(tuple(families), np.array(shares) / shares[-1])


def _read(name: str) -> str:
    file = files(__package__) / "texts" / f"{name}.yaml"
    return file.read_text(encoding="utf-8")


def _pick(pool: np.ndarray, rng: np.random.Generator, n: int) -> list[str]:
    return pool[rng.integers(len(pool), size=n)].tolist()


def _digits(count: int, rng: np.random.Generator, n: int) -> list[str]:
    values = rng.integers(10**count, size=n).tolist()
    return [f"{value:0{count}d}" for value in values]


def _amounts(
    low: int, high: int, decimals: int, rng: np.random.Generator, n: int
) -> list[str]:
    values = np.exp(rng.uniform(np.log(low), np.log(high), size=n)).tolist()
    return [f"{value:,.{decimals}f}" for value in values]
