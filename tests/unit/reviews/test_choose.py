"""The messages that are worth a person's time, and the sheet that annotators get."""

from collections import Counter

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reviews.choose import FIELDS, REASONS, choose_messages, sheet_rows
from tests.support.stages import keys

LABELS = ("notification", "personal", "spam")
CANDIDATE = st.tuples(
    st.booleans(), st.booleans(), st.sampled_from(LABELS), st.integers(0, 5)
)


@given(st.lists(CANDIDATE, max_size=60), st.integers(1, 40))
def test_each_reason_has_its_quota_spread_evenly_over_the_labels(drawn, count):
    columns = ["flipped", "unseen", "predicted", "margin"]
    dtypes = {"flipped": bool, "unseen": bool, "predicted": "str", "margin": float}
    candidates = pd.DataFrame(drawn, columns=columns).astype(dtypes)
    candidates = candidates.assign(key=keys(len(candidates)), text="")
    chosen = choose_messages(candidates, count)
    assert len(chosen) == min(count, len(candidates))
    assert chosen["key"].is_unique
    remaining = candidates
    for reason in REASONS:
        of_reason = chosen[chosen["why"] == reason]
        eligible = remaining
        if reason in ("flipped", "unseen"):
            eligible = remaining[remaining[reason]]
        quota = count // 4
        if reason == "random":
            quota = count - (chosen["why"] != "random").sum()
        assert len(of_reason) == min(quota, len(eligible))
        assert set(of_reason["key"]) <= set(eligible["key"])
        available = Counter(eligible["predicted"])
        taken = Counter(of_reason["predicted"])
        highest = max(taken.values(), default=0)
        for label, n in available.items():
            assert taken[label] >= min(n, highest - 1)
        if reason == "uncertain":
            for label, n in taken.items():
                margins = eligible.loc[eligible["predicted"] == label, "margin"]
                chosen_margins = of_reason.loc[
                    of_reason["predicted"] == label, "margin"
                ]
                smallest = margins.sort_values().head(n)
                assert sorted(chosen_margins) == smallest.tolist()
        remaining = remaining.drop(index=of_reason.index)


def test_every_annotator_gets_every_message_in_an_order_of_their_own():
    chosen = pd.DataFrame({"key": keys(30), "text": "", "why": "random"})
    rows = sheet_rows(chosen, annotators=3, seed=1)
    assert rows.equals(sheet_rows(chosen, annotators=3, seed=1))
    assert not rows.equals(sheet_rows(chosen, annotators=3, seed=2))
    orders = [tuple(part["message_key"]) for _, part in rows.groupby("annotator")]
    assert len(set(orders)) == 3
    assert set(map(frozenset, orders)) == {frozenset(keys(30))}
    assert (rows["label"] == "").all()
    assert tuple(rows.columns) == FIELDS
