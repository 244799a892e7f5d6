"""Generate blocks of messages, each from the seed and the block's index alone."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np

from nightsieve.cli.demo_data.habits import HABITS
from nightsieve.cli.demo_data.phrases import labels

LABELS = ("personal", "notification", "spam")
SHARES = (0.45, 0.40, 0.15)
PERSONAL = 0
BLOCK = 20_000
SPREAD = 30 * 24 * 3600  # seconds

# Shares of the personal messages: with two sentences, and typed with a habit.
SECOND_SENTENCE = 0.18
TYPED = 0.35
# Shares of all messages: copies of another one, long ones, empty ones, without a body.
REPEATED = 0.03
LONG = 0.001
EMPTY = 0.001
MISSING = 0.0005


class Block(NamedTuple):
    """Consecutive messages; every member is [n_messages]."""

    keys: list[str]
    bodies: list[str | None]
    senders: list[str]
    received_at: np.ndarray  # datetime64[s], UTC
    labels: list[str]
    reviewed: np.ndarray  # bool; never true where the body is None


def generate(
    rows: int, seed: int, until: datetime, reviewed: float = 0.05
) -> Iterator[Block]:
    """Yield messages that were received in the 30 days before a moment.

    The first messages of a seed do not depend on how many follow.

    Parameters
    ----------
    reviewed
        Maximum share of the messages that are marked as reviewed, 0 to 1. The messages
        of a smaller share are also marked with a larger one.
    """
    end = np.datetime64(int(until.timestamp()), "s")
    for start in range(0, rows, BLOCK):
        yield _block(start, min(BLOCK, rows - start), seed, end, reviewed)


def _block(
    start: int, size: int, seed: int, end: np.datetime64, reviewed: float
) -> Block:
    # A block is always drawn whole and then cut, so its size changes no message.
    rng = np.random.default_rng([seed, start // BLOCK])
    truth = rng.choice(len(LABELS), size=BLOCK, p=SHARES)
    bodies, senders = _draw(rng, truth)
    _add_sentences(rng, bodies, truth)
    _type(rng, bodies, truth)
    _repeat(rng, bodies, senders, truth)
    _stretch(rng, bodies, truth)
    _erase(rng, bodies, truth)
    received_at = end - rng.integers(1, SPREAD, size=BLOCK).astype("timedelta64[s]")
    has_body = np.array([body is not None for body in bodies])
    is_reviewed = (rng.random(BLOCK) < reviewed) & has_body
    return Block(
        keys=[f"sample-{seed}-{i}" for i in range(start, start + size)],
        bodies=bodies[:size].tolist(),
        senders=senders[:size].tolist(),
        received_at=received_at[:size],
        labels=np.array(LABELS, dtype=object)[truth[:size]].tolist(),
        reviewed=is_reviewed[:size],
    )


def _draw(rng: np.random.Generator, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return bodies and senders, dtype object, of messages with these labels."""
    bodies = np.empty(len(truth), dtype=object)
    senders = np.empty(len(truth), dtype=object)
    for label_index, label in enumerate(labels(LABELS)):
        of_label = np.flatnonzero(truth == label_index)
        draws = rng.random(len(of_label))
        families = np.searchsorted(label.cumulative, draws, side="right")
        for family_index, family in enumerate(label.families):
            members = of_label[families == family_index]
            senders[members] = family.senders(rng, len(members))
            texts = rng.integers(len(family.texts), size=len(members))
            for text_index, text in enumerate(family.texts):
                chosen = members[texts == text_index]
                bodies[chosen] = text.draw(rng, len(chosen))
    return bodies, senders


def _add_sentences(
    rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray
) -> None:
    """Join some personal messages with a second one."""
    personal = np.flatnonzero(truth == PERSONAL)
    chosen = personal[rng.random(len(personal)) < SECOND_SENTENCE]
    separators = np.array([" ", ". ", "\n", ", "], dtype=object)
    drawn_separators = separators[rng.integers(len(separators), size=len(chosen))]
    second_sentences = bodies[rng.choice(personal, size=len(chosen))]
    bodies[chosen] = bodies[chosen] + drawn_separators + second_sentences


def _type(rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray) -> None:
    """Change some personal messages as people type them."""
    chosen = np.flatnonzero((truth == PERSONAL) & (rng.random(len(truth)) < TYPED))
    habits = rng.integers(len(HABITS), size=len(chosen)).tolist()
    randoms = rng.integers(1 << 16, size=len(chosen)).tolist()
    for i, habit, random in zip(chosen.tolist(), habits, randoms, strict=True):
        bodies[i] = HABITS[habit](bodies[i], random)


def _repeat(
    rng: np.random.Generator, bodies: np.ndarray, senders: np.ndarray, truth: np.ndarray
) -> None:
    """Replace some messages by an exact copy of another one."""
    copies = np.flatnonzero(rng.random(len(truth)) < REPEATED)
    originals = rng.integers(len(truth), size=len(copies))
    for values in (bodies, senders, truth):
        values[copies] = values[originals]


def _stretch(rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray) -> None:
    """Make a few messages several thousand characters long."""
    for i in np.flatnonzero(rng.random(len(truth)) < LONG).tolist():
        alike = np.flatnonzero(truth == truth[i])
        count = int(rng.integers(20, 120))
        bodies[i] = "\n".join(bodies[rng.choice(alike, size=count)])


def _erase(rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray) -> None:
    """Make a few messages empty, as people send them, or without a body."""
    draw = rng.random(len(truth))
    is_empty = draw < EMPTY
    bodies[is_empty] = ""
    truth[is_empty] = PERSONAL
    bodies[(draw >= EMPTY) & (draw < EMPTY + MISSING)] = None
