"""Blocks of messages, each drawn from the seed and the block's index alone."""

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

# Shares of the messages: of personal ones, those of two sentences and those that are
# typed with a habit; of all, those that repeat another, are long, empty or missing.
SECOND_SENTENCE = 0.18
TYPED = 0.35
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

    Fewer rows of the same seed are a prefix of more.

    Parameters
    ----------
    reviewed
        The share of messages, at most, that are marked as reviewed; those of a smaller
        share are among those of a larger one.
    """
    end = np.datetime64(int(until.timestamp()), "s")
    for start in range(0, rows, BLOCK):
        yield _block(start, min(BLOCK, rows - start), seed, end, reviewed)


def _block(
    start: int, size: int, seed: int, end: np.datetime64, reviewed: float
) -> Block:
    # Drawn whole and then cut, so that the size changes no message.
    rng = np.random.default_rng([seed, start // BLOCK])
    truth = rng.choice(len(LABELS), size=BLOCK, p=SHARES)
    bodies, senders = _drawn(rng, truth)
    _add_sentences(rng, bodies, truth)
    _type(rng, bodies, truth)
    _repeat(rng, bodies, senders, truth)
    _stretch(rng, bodies, truth)
    _erase(rng, bodies, truth)
    received_at = end - rng.integers(1, SPREAD, size=BLOCK).astype("timedelta64[s]")
    seen = (rng.random(BLOCK) < reviewed) & np.not_equal(bodies, None)
    return Block(
        keys=[f"sample-{seed}-{i}" for i in range(start, start + size)],
        bodies=bodies[:size].tolist(),
        senders=senders[:size].tolist(),
        received_at=received_at[:size],
        labels=np.array(LABELS, dtype=object)[truth[:size]].tolist(),
        reviewed=seen[:size],
    )


def _drawn(
    rng: np.random.Generator, truth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
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
    """Let some personal messages say two things."""
    personal = np.flatnonzero(truth == PERSONAL)
    chosen = personal[rng.random(len(personal)) < SECOND_SENTENCE]
    joints = np.array([" ", ". ", "\n", ", "], dtype=object)
    drawn_joints = joints[rng.integers(len(joints), size=len(chosen))]
    seconds = bodies[rng.choice(personal, size=len(chosen))]
    bodies[chosen] = bodies[chosen] + drawn_joints + seconds


def _type(rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray) -> None:
    """Let people type as they do."""
    chosen = np.flatnonzero((truth == PERSONAL) & (rng.random(len(truth)) < TYPED))
    habits = rng.integers(len(HABITS), size=len(chosen)).tolist()
    randoms = rng.integers(1 << 16, size=len(chosen)).tolist()
    for i, habit, random in zip(chosen.tolist(), habits, randoms, strict=True):
        bodies[i] = HABITS[habit](bodies[i], random)


def _repeat(
    rng: np.random.Generator, bodies: np.ndarray, senders: np.ndarray, truth: np.ndarray
) -> None:
    """Let some messages repeat another one, character by character."""
    copies = np.flatnonzero(rng.random(len(truth)) < REPEATED)
    originals = rng.integers(len(truth), size=len(copies))
    for values in (bodies, senders, truth):
        values[copies] = values[originals]


def _stretch(rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray) -> None:
    """Let a few messages go on for several thousand characters."""
    for i in np.flatnonzero(rng.random(len(truth)) < LONG).tolist():
        alike = np.flatnonzero(truth == truth[i])
        count = int(rng.integers(20, 120))
        bodies[i] = "\n".join(bodies[rng.choice(alike, size=count)])


def _erase(rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray) -> None:
    """Let a few messages be empty, as people send them, or missing from the table."""
    draw = rng.random(len(truth))
    is_empty = draw < EMPTY
    bodies[is_empty] = ""
    truth[is_empty] = PERSONAL
    bodies[(draw >= EMPTY) & (draw < EMPTY + MISSING)] = None
