"""What live traffic is compared with: a model's labels and margins on the hold-out."""

import itertools
import json
import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ArtefactError
from pipeline.export.holdout import N_BINS, describe_predictions, margin_bins
from pipeline.records.reference import Reference
from scorers.python import nightsieve_scorer
from tests.support.exported_models import ESTIMATORS, exported, fixed

MODEL = exported(fixed(ESTIMATORS[0]))
TEXTS = ["free", "free free cash", "hello", "see you", "code 0000", "", "unknown words"]
HOLD_OUT = st.dictionaries(st.sampled_from(TEXTS), st.integers(1, 40), min_size=1)
# Few values, so that many margins are equal.
MARGINS = st.lists(st.integers(0, 12).map(lambda n: n / 8), min_size=1, max_size=60)


def table(hold_out: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame({"text": hold_out.keys(), "weight": hold_out.values()})


def margin_of(scores: list[float]) -> float:
    *_, second, largest = sorted(scores)
    return largest - second


@given(HOLD_OUT)
def test_every_message_counts_as_the_scorer_labels_it(hold_out):
    scorer = nightsieve_scorer.load(MODEL)
    reference = describe_predictions(MODEL, table(hold_out))
    messages = sum(hold_out.values())
    labels: Counter[str] = Counter()
    bins: Counter[int] = Counter()
    for text, weight in hold_out.items():
        labels[scorer.label(text)] += weight
        margin = margin_of(scorer.evaluate(text).scores)
        bins[reference.bin_of(margin)] += weight
    assert reference.messages == messages
    assert list(reference.labels) == list(scorer.labels)
    for label, share in reference.labels.items():
        assert share == labels[label] / messages
    assert sorted(bins) == list(range(len(reference.margins)))
    for index, margin_bin in enumerate(reference.margins):
        assert margin_bin.share == bins[index] / messages
    assert math.isclose(sum(reference.labels.values()), 1)
    assert math.isclose(sum(each.share for each in reference.margins), 1)


@given(HOLD_OUT, st.randoms(use_true_random=False))
def test_the_order_of_the_messages_changes_no_byte(hold_out, random):
    items = list(hold_out.items())
    random.shuffle(items)
    first = describe_predictions(MODEL, table(hold_out)).to_json()
    assert describe_predictions(MODEL, table(dict(items))).to_json() == first
    assert Reference.from_json(first).to_json() == first


@given(MARGINS)
def test_bins_are_as_the_slow_obvious_way_cuts_them(margins):
    ordered = sorted(margins)
    lows = {0.0}
    for number in range(1, N_BINS):
        margin = ordered[len(ordered) * number // N_BINS]
        if margin > ordered[0]:
            lows.add(margin)
    expected = sorted(lows)
    bins = margin_bins(np.array(margins), np.ones(len(margins), dtype=np.int64))
    assert [margin_bin.low for margin_bin in bins] == expected
    bounds = [*expected, math.inf]
    for margin_bin, (low, end) in zip(bins, itertools.pairwise(bounds), strict=True):
        in_bin = sum(low <= margin < end for margin in margins)
        assert in_bin > 0
        assert margin_bin.share == in_bin / len(margins)


def test_a_text_that_is_received_often_weighs_as_its_copies():
    margins = np.array([0.5, 1.0, 4.0])
    weight = np.array([3, 1, 6])
    copies = np.repeat(margins, weight)
    once = np.ones(len(copies), dtype=np.int64)
    assert margin_bins(margins, weight) == margin_bins(copies, once)


def test_ten_bins_of_a_tenth_where_all_margins_differ():
    bins = margin_bins(np.arange(1000) / 7, np.ones(1000, dtype=np.int64))
    assert [margin_bin.share for margin_bin in bins] == [0.1] * 10


def test_without_a_held_out_message_there_is_nothing_to_compare_with():
    empty = pd.DataFrame({"text": pd.Series(dtype="str"), "weight": []})
    reference = describe_predictions(MODEL, empty)
    assert reference == Reference(messages=0, labels={}, margins=())
    assert Reference.from_json(reference.to_json()) == reference
    with pytest.raises(ValueError, match="has no bins"):
        reference.bin_of(1.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("margins", [{"low": 0.5, "share": 1.0}]),
        ("margins", [{"low": 0.0, "share": 0.5}, {"low": 0.0, "share": 0.5}]),
        ("margins", []),
        ("messages", 0),
        ("version", "2.0"),
    ],
)
def test_a_reference_whose_bins_do_not_fit_is_refused(field, value):
    reference = json.loads(describe_predictions(MODEL, table({"free": 2})).to_json())
    reference[field] = value
    with pytest.raises(ArtefactError, match="does not hold what this version writes"):
        Reference.from_json(json.dumps(reference).encode())
