"""Corrections by users, measured apart from the reviews that gate a model."""

import datetime
import hashlib
from collections import defaultdict

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.settings import Corrections, Evaluation, ReviewTraining
from pipeline.records.reviews import CorrectionMeasurement
from pipeline.reviews import aggregate_reviews, measure_corrections
from pipeline.reviews.corrections import within_limit
from pipeline.statistics.interval import UNDEFINED
from tests.support.training_corpus import EVALUATION, NO_REVIEWS, TEXT

NOON = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)
LABELS = ["chat", "spam"]
#: A key, a label, a source, an annotator (None: no name) and hours after `NOON` (None:
#: no time).
Review = tuple[str, str, str | None, str | None, int | None]


def table(*rows: Review) -> pd.DataFrame:
    """Return a ``reviews`` table; a body is its key."""
    times = [
        None if row[4] is None else NOON + datetime.timedelta(hours=row[4])
        for row in rows
    ]
    columns: dict[str, list[str | None]] = {
        "key": [row[0] for row in rows],
        "body": [row[0] for row in rows],
        "label": [row[1] for row in rows],
        "source": [row[2] for row in rows],
        "annotator": [row[3] for row in rows],
    }
    reviewed_at = pd.Series(times, dtype=pd.DatetimeTZDtype("us", "UTC"))
    return pd.DataFrame(columns, dtype="str").assign(reviewed_at=reviewed_at)


def is_spam(body: str) -> str:
    return "spam" if "win" in body else "chat"


def measure(
    reviews: pd.DataFrame,
    evaluation: Evaluation = EVALUATION,
    training: ReviewTraining = NO_REVIEWS,
    holdout: float = 0.0,
) -> CorrectionMeasurement:
    return measure_corrections(
        reviews,
        training,
        holdout,
        TEXT,
        evaluation,
        predict=is_spam,
        labels=LABELS,
    )


def with_limit(limit: int) -> Evaluation:
    corrections = Corrections(per_annotator_and_day=limit)
    return EVALUATION.model_copy(update={"corrections": corrections})


ROWS = st.lists(
    st.tuples(
        st.sampled_from([f"key {n}" for n in range(12)]),
        st.sampled_from(LABELS),
        st.just("correction"),
        st.sampled_from(["ann", "bot", "", None]),
        st.sampled_from([0, 1, 11, 12, 36, None]),
    ),
    max_size=40,
)


@given(ROWS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_limit_chooses_as_the_slow_obvious_way(rows, limit, random):
    groups = defaultdict(list)
    for row in rows:
        key, label, _, annotator, hours = row
        day = None if hours is None else NOON + datetime.timedelta(hours=hours)
        digest = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
        group = (annotator or "", day and day.date())
        groups[group].append((digest, label))
    expected = sorted(
        chosen for group in groups.values() for chosen in sorted(group)[:limit]
    )
    shuffled = list(rows)
    random.shuffle(shuffled)
    for order in (rows, shuffled):
        counted = within_limit(table(*order), limit)
        chosen = []
        for key, label in zip(counted["key"], counted["label"], strict=True):
            digest = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
            chosen.append((digest, label))
        assert sorted(chosen) == expected


def test_one_annotator_who_sends_much_does_not_drown_the_others():
    flood = [(f"win {n}", "chat", "correction", "bot", 0) for n in range(500)]
    people = [
        (f"win again {n}", "spam", "correction", f"person {n}", 0) for n in range(60)
    ]
    measured = measure(table(*flood, *people), with_limit(20))
    assert (measured.corrections, measured.annotators) == (560, 61)
    assert (measured.over_limit, measured.messages) == (480, 80)
    assert measured.agreement.value == 60 / 80
    low = measured.agreement.low
    high = measured.agreement.high
    assert low is not None
    assert high is not None
    assert low < 60 / 80 < high
    assert {label: row.messages for label, row in measured.per_label.items()} == {
        "chat": 20,
        "spam": 60,
    }
    assert measured.per_label["chat"].agreement.value == 0
    assert measured.per_label["spam"].agreement.value == 1


def test_the_first_corrections_of_a_day_are_not_the_ones_that_count():
    rows = [(f"win {n:03}", "spam", "correction", "bot", n // 100) for n in range(300)]
    counted = within_limit(table(*rows), 30)["key"]
    early = sum(key < "win 030" for key in counted)
    assert len(counted) == 30
    assert early < 15


def test_a_day_is_one_of_utc_and_a_correction_without_a_name_or_a_time_counts_too():
    rows: list[Review] = [
        ("win a", "spam", "correction", "", 11),
        ("win b", "spam", "correction", None, 0),
        ("win c", "spam", "correction", "", 12),
        ("win d", "spam", "correction", "", None),
    ]
    measured = measure(table(*rows), with_limit(1))
    assert (measured.annotators, measured.messages, measured.over_limit) == (1, 3, 1)


def test_a_message_counts_once_with_the_label_that_most_give_it():
    rows: list[Review] = [
        ("win a", "spam", "correction", "ann", 0),
        ("win a", "spam", "correction", "bob", 0),
        ("win a", "chat", "correction", "eve", 0),
        ("win b", "spam", "correction", "ann", 0),
        ("win b", "chat", "correction", "bob", 0),
        ("win c", "fraud", "correction", "ann", 0),
    ]
    measured = measure(table(*rows))
    assert (measured.messages, measured.ties) == (1, 1)
    assert measured.unknown_labels == {"fraud": 1}
    assert measured.agreement.value == 1


def test_a_text_that_a_review_trained_on_is_left_out_unless_it_is_held_out():
    rows: list[Review] = [
        ("win a", "spam", "crowd", "ann", 0),
        ("win a", "spam", "correction", "bob", 0),
        ("win b", "spam", "correction", "bob", 0),
    ]
    training = ReviewTraining(sources=("crowd",), weight=1.0)
    measured = measure(table(*rows), training=training)
    assert (measured.corrections, measured.trained, measured.messages) == (2, 1, 1)
    held_out = measure(table(*rows), training=training, holdout=1.0)
    assert (held_out.trained, held_out.messages) == (0, 2)


SOURCES = ["crowd", "support", "correction", None]


@given(
    st.lists(st.sampled_from(SOURCES), max_size=20),
    st.none() | st.sets(st.sampled_from(["crowd", "support", "correction"])),
)
def test_each_review_gates_or_is_measured_apart_or_is_counted_as_left_out(
    sources, named
):
    rows = []
    for number, source in enumerate(sources):
        rows.append((f"win {number:02}", "spam", source, "ann", 0))
    named = None if named is None else tuple(sorted(named))
    evaluation = EVALUATION.model_copy(update={"sources": named})
    reviews = table(*rows)
    gates = aggregate_reviews(reviews, NO_REVIEWS, 0.0, TEXT, evaluation)
    apart = measure(reviews, evaluation)
    if named is None:
        expected = [source != "correction" for source in sources]
    else:
        expected = [source in named for source in sources]
    assert gates["reviews"].sum() == sum(expected)
    left_out = sum(apart.other_sources.values())
    assert apart.corrections + left_out == len(rows) - sum(expected)
    if named is not None and "correction" in named:
        assert apart.corrections == 0
    else:
        assert apart.corrections == sources.count("correction")
    assert "correction" not in apart.other_sources


@pytest.mark.parametrize("rows", [(), (("win a", "spam", "crowd", "ann", 0),)])
def test_without_corrections_nothing_is_measured(rows):
    measured = measure(table(*rows))
    assert (measured.corrections, measured.annotators, measured.messages) == (0, 0, 0)
    assert measured.agreement == UNDEFINED
    assert measured.per_label == {}
    assert measured.other_sources == {}
