"""How far annotators agree, and what their reviews come to.

Alpha is Krippendorff's for nominal data ("Computing Krippendorff's alpha-reliability", 2011): 1 is agreement, 0 what
chance would give. Its interval is the percentile bootstrap's over messages (Efron and Tibshirani, 1993).
"""

from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.text import Text

from nightsieve.cli.terminal import WIDTH, table
from pipeline.config.settings import Evaluation
from pipeline.data.reviewed_messages import aggregate, annotators, merge
from pipeline.statistics import dawid_skene

RESAMPLES, SEED = 2_000, 20
PAIRS_SHOWN = 20


def agreement(reviews: pd.DataFrame, evaluation: Evaluation) -> dict[str, Any]:
    """All of it as a JSON value; ``reviews`` is a table of that name, its labels are merged first.

    ``alpha``
        with its interval; null without two labels among the messages that were reviewed twice.
    ``annotators``
        of each the number of reviews, how many of them are of messages on which most of the others agree, the share
        that agrees with these, and the share of all messages that Dawid and Skene's model expects to be right.
    ``pairs``
        how many messages two annotators have in common, and on what share of them they agree.
    ``decided``, ``undecided``
        how many messages get a label by each way to aggregate, and how many do not.
    ``differ``
        the messages that both ways decide, and not alike.
    """
    merged = merge(reviews, evaluation).assign(who=annotators(reviews))
    merged = merged.drop_duplicates(["key", "who"], keep="last")
    counts = pd.crosstab(merged["key"], merged["label"]).to_numpy()
    ways = {
        way: aggregate(reviews, evaluation.model_copy(update={"aggregation": way}))
        for way in ("majority", "dawid_skene")
    }
    both = ways["majority"][0].merge(ways["dawid_skene"][0], on="key")
    return {
        "reviews": len(merged),
        "messages": len(counts),
        "reviewed_twice": int((counts.sum(axis=1) > 1).sum()),
        "alpha": alpha(counts, evaluation.confidence),
        "annotators": _annotators(merged),
        "pairs": _pairs(merged),
        "decided": {way: len(found) for way, (found, _) in ways.items()},
        "undecided": {way: undecided for way, (_, undecided) in ways.items()},
        "differ": int((both["label_x"] != both["label_y"]).sum()),
    }


def alpha(counts: np.ndarray, confidence: float) -> dict[str, float] | None:
    """Krippendorff's alpha with its interval; None where it is undefined, for want of two labels.

    Parameters
    ----------
    counts : int64 [n_messages, n_labels], how many annotators gave the message the label.
    """
    counts = counts[counts.sum(axis=1) > 1]
    if (counts.sum(axis=0) > 0).sum() < 2:
        return None
    # Messages with the same counts are drawn together: the sums are distributed as if one by one.
    kinds, members = np.unique(counts, axis=0, return_counts=True)
    drawn = np.random.default_rng(SEED).multinomial(
        members.sum(), members / members.sum(), size=RESAMPLES
    )
    found = _alpha(kinds, np.vstack([members, drawn]))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(found[1:], [tail, 1 - tail])
    return {"value": float(found[0]), "low": float(low), "high": float(high)}


def _alpha(kinds: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Alpha, float64 [n_resamples], of ``members`` [n_resamples, n_kinds] messages of each kind; nan: one label."""
    size = kinds.sum(axis=1)
    disagreeing = members @ ((kinds * (size[:, None] - kinds)).sum(axis=1) / (size - 1))
    per_label = members @ kinds
    total = per_label.sum(axis=1)
    by_chance = (total**2 - (per_label**2).sum(axis=1)).astype(float)
    ratio = np.full(len(members), np.nan)
    np.divide((total - 1) * disagreeing, by_chance, out=ratio, where=by_chance > 0)
    return 1 - ratio


def _annotators(reviews: pd.DataFrame) -> list[dict[str, Any]]:
    """The entries of ``annotators``, by their names."""
    messages, _ = pd.factorize(reviews["key"])
    labels, names = pd.factorize(reviews["label"], sort=True)
    people, known = pd.factorize(reviews["who"], sort=True)
    others = np.zeros((messages.max(initial=-1) + 1, len(names)), dtype=np.int64)
    np.add.at(others, (messages, labels), 1)
    others = others[
        messages
    ]  # [n_reviews, n_labels]: the votes on each review's message, less its own
    others[np.arange(len(labels)), labels] -= 1
    most = others.max(axis=1, initial=0)
    clear = (most > 0) & ((others == most[:, None]).sum(axis=1) == 1)
    agrees = others[np.arange(len(labels)), labels] == most
    expected = _expected(reviews[reviews["key"].duplicated(keep=False)])
    return [
        {
            "annotator": name,
            "reviews": int((mine := people == number).sum()),
            "compared": int((mine & clear).sum()),
            "agreement": float(agrees[mine & clear].mean())
            if (mine & clear).any()
            else None,
            "expected": expected.get(name),
        }
        for number, name in enumerate(known)
    ]


def _expected(shared: pd.DataFrame) -> dict[str, float]:
    """The share of messages that each annotator is expected to label rightly, from messages with several reviews."""
    labels, names = pd.factorize(shared["label"], sort=True)
    if len(names) < 2:
        return {}
    people, known = pd.factorize(shared["who"], sort=True)
    fitted = dawid_skene.fit(pd.factorize(shared["key"])[0], people, labels, len(names))
    return dict(zip(known, fitted.accuracy.tolist(), strict=True))


def _pairs(reviews: pd.DataFrame) -> list[dict[str, Any]]:
    """The entries of ``pairs``, those with most messages in common first."""
    columns = reviews[["key", "who", "label"]]
    common = columns.merge(columns, on="key")
    common = common[common["who_x"] < common["who_y"]]
    common = common.assign(agree=common["label_x"] == common["label_y"])
    found = (
        common.groupby(["who_x", "who_y"])["agree"].agg(["size", "mean"]).reset_index()
    )
    rows = found.sort_values("size", ascending=False, kind="stable").itertuples(
        index=False
    )
    return [
        {"annotators": [one, other], "messages": int(n), "agreement": float(share)}
        for one, other, n, share in rows
    ]


def show(found: dict[str, Any], evaluation: Evaluation) -> None:
    """Print what `agreement` found."""
    console = Console(width=WIDTH, highlight=False, markup=False)
    twice, interval = found["reviewed_twice"], found["alpha"]
    console.print(
        f"{found['reviews']:,} reviews of {found['messages']:,} messages, {twice:,} of them by two or more"
    )
    value = (
        f"{interval['value']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"
        if interval
        else "undefined"
    )
    console.print(f"Krippendorff's alpha {value}\n")
    people = table("annotator", "reviews", "compared", "agreement", "expected", left=1)
    for each in found["annotators"]:
        shares = (_percent(each[name]) for name in ("agreement", "expected"))
        people.add_row(
            Text(each["annotator"]),
            f"{each['reviews']:,}",
            f"{each['compared']:,}",
            *shares,
        )
    pairs = table("annotator", "annotator", "messages in common", "agreement", left=2)
    for each in found["pairs"][:PAIRS_SHOWN]:
        pairs.add_row(
            *map(Text, each["annotators"]),
            f"{each['messages']:,}",
            _percent(each["agreement"]),
        )
    console.print(people, "", pairs, soft_wrap=True)
    more = len(found["pairs"]) - PAIRS_SHOWN
    console.print(f"... and {more:,} pairs more: --json\n" if more > 0 else "")
    for way, decided in found["decided"].items():
        used = " (evaluation.aggregation)" if way == evaluation.aggregation else ""
        console.print(
            f"{way}{used}: {decided:,} messages get a label, {found['undecided'][way]:,} do not"
        )
    console.print(
        f"{found['differ']:,} messages get another label by the one than by the other"
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
