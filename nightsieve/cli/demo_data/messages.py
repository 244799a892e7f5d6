"""Blocks of messages, each drawn from the seed and the block's number alone."""

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
SPREAD = 30 * 24 * 3600

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
    """`rows` messages received in the 30 days before `until`; fewer rows of the same seed are a prefix of more.

    A share of at most `reviewed` is marked as reviewed; a larger share contains a smaller one.
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
    """Bodies and senders, dtype object, of messages with these labels."""
    bodies, senders = (
        np.empty(len(truth), dtype=object),
        np.empty(len(truth), dtype=object),
    )
    for number, label in enumerate(labels(LABELS)):
        of_label = np.flatnonzero(truth == number)
        families = np.searchsorted(
            label.cumulative, rng.random(len(of_label)), side="right"
        )
        for at, family in enumerate(label.families):
            members = of_label[families == at]
            senders[members] = family.senders(rng, len(members))
            texts = rng.integers(len(family.texts), size=len(members))
            for which, text in enumerate(family.texts):
                chosen = members[texts == which]
                bodies[chosen] = text.draw(rng, len(chosen))
    return bodies, senders


def _add_sentences(
    rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray
) -> None:
    """Let some personal messages say two things."""
    personal = np.flatnonzero(truth == PERSONAL)
    chosen = personal[rng.random(len(personal)) < SECOND_SENTENCE]
    joints = np.array([" ", ". ", "\n", ", "], dtype=object)[
        rng.integers(4, size=len(chosen))
    ]
    bodies[chosen] = (
        bodies[chosen] + joints + bodies[rng.choice(personal, size=len(chosen))]
    )


def _type(rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray) -> None:
    """Let people type as they do."""
    chosen = np.flatnonzero((truth == PERSONAL) & (rng.random(len(truth)) < TYPED))
    habits = rng.integers(len(HABITS), size=len(chosen)).tolist()
    places = rng.integers(1 << 16, size=len(chosen)).tolist()
    for i, habit, place in zip(chosen.tolist(), habits, places, strict=True):
        bodies[i] = HABITS[habit](bodies[i], place)


def _repeat(
    rng: np.random.Generator, bodies: np.ndarray, senders: np.ndarray, truth: np.ndarray
) -> None:
    """Let some messages say, to the letter, what another one says."""
    copies = np.flatnonzero(rng.random(len(truth)) < REPEATED)
    originals = rng.integers(len(truth), size=len(copies))
    for values in (bodies, senders, truth):
        values[copies] = values[originals]


def _stretch(rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray) -> None:
    """Let a few messages go on for several thousand characters."""
    for i in np.flatnonzero(rng.random(len(truth)) < LONG).tolist():
        alike = np.flatnonzero(truth == truth[i])
        bodies[i] = "\n".join(
            bodies[rng.choice(alike, size=int(rng.integers(20, 120)))]
        )


def _erase(rng: np.random.Generator, bodies: np.ndarray, truth: np.ndarray) -> None:
    """Let a few messages be empty, as people send them, or missing, as a broken table holds them."""
    draw = rng.random(len(truth))
    empty = draw < EMPTY
    bodies[empty], truth[empty] = "", PERSONAL
    bodies[(draw >= EMPTY) & (draw < EMPTY + MISSING)] = None
