"""What the gate asks, and what it makes of the answers."""

import copy
import dataclasses
import datetime

import pytest

from pipeline.config.settings import Gate
from pipeline.release.checks import Night, decide
from pipeline.release.model_outputs import Compared, Evidence
from pipeline.release.notices import warnings

GATE = {
    "min_reviewed_messages": 10,
    "floors": {"spam": {"precision": 0.9, "recall": 0.5}},
    "regression": {
        "max_loss": {"macro_f1": 0.01, "precision": 0.03, "recall": 0.1},
        "min_texts": 30, "publications_back": 7,
        "confidence": 0.95, "resamples": 100, "seed": 1,
    },
    "churn": {"overall": 0.05, "label": 0.2},
    "drift": {
        "min_messages_ratio": 0.6, "max_coverage_change": 0.1, "max_share_change": 0.1,
        "max_f1_change_on_reviews": 0.1,
    },
    "device": {"gzipped_bytes": 1000, "terms": 100, "microseconds": 50.0},
    "override": None,
}  # fmt: skip


def f1(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.04, "high": value + 0.04}


def label(precision: float, recall: float, f1_value: float = 0.8) -> dict[str, dict]:
    return {
        "precision": {"value": precision},
        "recall": {"value": recall},
        "f1": f1(f1_value),
    }


RESULTS = {
    "messages": {"counts": {"kept": 1000}},
    "rules": {"messages": 1000, "labelled": 800, "labels": {"ham": 600, "spam": 200}},
    "description": {
        "terms": 90,
        "files": {"model.json": {"gzipped_bytes": 900}},
        "verification": {"differences": 0},
    },
    "speed": {"microseconds": 10.0},
    "reviews": {
        "metrics": {
            "n": 20,
            "macro_f1": f1(0.9),
            "per_label": {"spam": label(0.95, 0.6)},
        },
        "with_thresholds": None,
    },
}
CHAMPION = {
    "serial": 7,
    "date": "2026-11-19",
    "figures": {
        "messages": 1100,
        "coverage": 0.8,
        "shares": {"ham": 0.76, "spam": 0.24},
        "reviews": {"macro": f1(0.9), "per_label": {"spam": f1(0.8)}},
    },
    "predecessors": [4, 6],
}
SAME = {"value": 0.0, "low": -0.01, "high": 0.01}
ALIKE = Compared(
    documents=50,
    messages=60,
    difference=SAME,
    per_label={
        "spam": {"precision": {**SAME, "texts": 30}, "recall": {**SAME, "texts": 30}}
    },
    churn=0.01,
    churn_per_label={"ham": 0.01, "spam": 0.1},
)
ALONE = Compared(
    documents=50,
    messages=60,
    difference=None,
    per_label={},
    churn=None,
    churn_per_label={},
)
MEASURED = RESULTS["reviews"]["metrics"]


def decision(
    champion=CHAMPION,
    compared=ALIKE,
    decided=None,
    earlier=ALIKE,
    measured=MEASURED,
    date=datetime.date(2026, 11, 20),
    gate=None,
    **results,
):
    found = copy.deepcopy(RESULTS)
    for path, value in results.items():
        *parents, last = path.split("__")
        place = found
        for key in parents:
            place = place[key]
        place[last] = value
    night = Night(
        date=date,
        results=found,
        labelled=Evidence(compared, compared, earlier),
        decided=decided and Evidence(decided, decided, earlier),
        earlier=earlier and 4,
        champion_on_reviews=measured,
    )
    return decide(Gate.model_validate({**GATE, **(gate or {})}), night, champion)


def failed(found: dict) -> list[str]:
    return [check["name"] for check in found["checks"] if check["verdict"] == "failed"]


def test_a_night_that_nothing_can_be_said_of_is_refused():
    nothing = dataclasses.replace(ALONE, documents=0, messages=0)
    found = decision(
        compared=nothing,
        earlier=None,
        measured=None,
        gate={"floors": {}, "min_reviewed_messages": 0},
    )
    assert (
        failed(found) == ["evidence"]
        and "see source.reviews and training.holdout_fraction" in found["reasons"][0]
    )
    assert decision(champion=None, compared=nothing, earlier=None, measured=None)[
        "publish"
    ]


def test_a_good_night_passes_every_check():
    found = decision()
    assert found["publish"] and found["champion"] == 7
    assert {check["verdict"] for check in found["checks"]} == {"passed"}
    assert (found["reasons"], found["override"]) == ([], None)


def test_the_first_night_has_no_champion_and_says_so():
    found = decision(champion=None, compared=ALONE, earlier=None, measured=None)
    assert (
        found["publish"]
        and found["champion"] is found["earlier"] is None
        and found["predecessors"] == []
    )
    skipped = [check for check in found["checks"] if check["verdict"] == "skipped"]
    assert {check["name"] for check in skipped} >= {
        "newer",
        "drift",
        "churn",
        "regression on holdout",
        "regression since an earlier model",
        "drift of reviews",
    }
    assert any(check["note"] == "nothing is published yet" for check in skipped)


LOSS = {"value": -0.02, "low": -0.03, "high": -0.001}
UNSURE = {"value": -0.02, "low": -0.05, "high": 0.01}
SMALL = {"value": -0.009, "low": -0.0095, "high": -0.001}


def lost(texts: int = 30, **measures: float) -> dict:
    """What the label has lost for certain."""
    own = {
        name: {"value": -by, "low": -by - 0.01, "high": -0.001, "texts": texts}
        for name, by in measures.items()
    }
    return {"per_label": {"spam": {**ALIKE.per_label["spam"], **own}}}


def measured(macro: float, spam: float) -> dict:
    """What the champion measures tonight."""
    return {
        **MEASURED,
        "macro_f1": f1(macro),
        "per_label": {"spam": label(0.9, 0.9, spam)},
    }


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"description__verification__differences": 1}, ["verified"]),
        ({"description__files": {"model.json": {"gzipped_bytes": 1001}}}, ["size"]),
        ({"description__terms": 101}, ["terms"]),
        ({"speed__microseconds": 51.0}, ["speed"]),
        ({"reviews__metrics__n": 9}, ["reviews"]),
        ({"reviews__metrics": None}, ["reviews", "floor spam", "floor spam"]),
        (
            {"reviews__metrics__per_label__spam__precision": {"value": 0.89}},
            ["floor spam"],
        ),
        (
            {"reviews__metrics__per_label__spam__precision": {"value": None}},
            ["floor spam"],
        ),
        ({"date": datetime.date(2026, 11, 18)}, ["newer"]),
        (
            {"compared": {"difference": LOSS}},
            ["regression on reviews", "regression on holdout"],
        ),
        ({"compared": {"difference": UNSURE}}, []),
        ({"compared": {"difference": SMALL}}, []),
        ({"compared": lost(precision=0.031)}, ["regression of spam"]),
        ({"compared": lost(recall=0.101)}, ["regression of spam"]),
        ({"compared": lost(precision=0.029, recall=0.099)}, []),
        ({"compared": lost(precision=1, recall=1, texts=29)}, []),
        ({"earlier": {"difference": LOSS}}, ["regression since an earlier model"]),
        ({"earlier": {"difference": UNSURE}}, []),
        ({"earlier": lost(precision=1)}, []),
        ({"measured": measured(0.79, 0.8)}, ["drift of reviews"]),
        ({"measured": measured(0.9, 0.0)}, ["drift of reviews of spam"]),
        ({"measured": measured(1.0, 0.91)}, ["drift of reviews of spam"]),
        ({"measured": measured(0.81, 0.71)}, []),
        ({"compared": {"churn": 0.06}}, ["churn"]),
        ({"compared": {"churn_per_label": {"spam": 0.21}}}, ["churn of spam"]),
        ({"messages__counts__kept": 600}, ["messages"]),
        (
            {"rules__labelled": 690, "rules__labels": {"ham": 520, "spam": 170}},
            ["coverage"],
        ),
        (
            {"rules__labels": {"ham": 500, "spam": 300}},
            ["share of ham", "share of spam"],
        ),
        (
            {"rules__labels": {"ham": 600, "new": 200}},
            ["share of new", "share of spam"],
        ),
    ],
    ids=str,
)
def test_each_check_alone_refuses_and_is_named(change, names):
    change = {
        name: Compared(**{**vars(ALIKE), **value})
        if name in ("compared", "earlier")
        else value
        for name, value in change.items()
    }
    found = decision(**change)
    assert failed(found) == names
    assert found["publish"] == (not names)
    assert [reason.partition(":")[0] for reason in found["reasons"]] == names


BOUND = {**MEASURED, "per_label": {"spam": label(0.99, 0.4)}}


def test_floors_are_held_by_what_the_file_decides_with_its_thresholds():
    assert failed(decision(reviews__with_thresholds=BOUND)) == [
        "floor spam, with thresholds"
    ]
    poor = {"reviews__metrics__per_label__spam__precision": {"value": 0.5}}
    enough = {**BOUND, "per_label": {"spam": label(0.99, 0.5)}}
    assert decision(**poor, reviews__with_thresholds=enough)["publish"]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"difference": LOSS}, ["regression on reviews", "regression on holdout"]),
        (
            {"churn": 0.06, "churn_per_label": {"spam": 0.21}},
            ["churn", "churn of spam"],
        ),
        ({}, []),
    ],
    ids=str,
)
def test_no_label_may_change_for_apps_that_ask_for_thresholds_nor_for_others(
    change, names
):
    changed = Compared(**{**vars(ALIKE), **change})
    assert failed(decision(decided=changed)) == [
        f"{name}, with thresholds" for name in names
    ]
    assert failed(decision(decided=ALIKE, compared=changed)) == names


def test_an_override_publishes_what_failed_and_keeps_its_reason():
    why = {
        "override": {
            "night": datetime.date(2026, 11, 20),
            "reason": "the vendor's new template is known",
        }
    }
    found = decision(gate=why, description__terms=101)
    assert found["publish"] and found["override"] == why["override"]["reason"]
    assert found["reasons"] == ["terms: terms 101, must be at most 100"]
    assert decision(gate=why)["override"] is None


def test_a_change_that_may_be_an_accident_of_few_reviews_is_no_drift():
    wide = {"value": 0.75, "low": 0.5, "high": 0.9}
    assert decision(measured={**MEASURED, "macro_f1": wide})["publish"]


@pytest.mark.parametrize(
    "then",
    [None, {"macro": f1(0.5), "per_label": {"ham": f1(0.5)}}],
    ids=["none", "other labels"],
)
def test_reviews_that_cannot_be_held_against_earlier_ones_are_not_and_it_is_said(then):
    found = decision(
        champion={**CHAMPION, "figures": {**CHAMPION["figures"], "reviews": then}}
    )
    (check,) = [
        check
        for check in found["checks"]
        if check["name"].startswith("drift of reviews")
    ]
    assert found["publish"] and (check["verdict"], check["note"]) == (
        "skipped",
        "nothing to compare",
    )


def test_a_later_night_knows_what_the_model_measures_on_tonights_reviews():
    assert decision()["figures"]["reviews"] == CHAMPION["figures"]["reviews"]
    assert (
        decision(
            reviews__metrics=None, gate={"floors": {}, "min_reviewed_messages": 0}
        )["figures"]["reviews"]
        is None
    )


def test_a_model_has_those_before_it_for_predecessors_and_an_override_begins_anew():
    assert (decision()["predecessors"], decision()["earlier"]) == ([4, 6, 7], 4)
    why = {
        "override": {
            "night": datetime.date(2026, 11, 20),
            "reason": "the vendor's new template is known",
        }
    }
    assert decision(gate=why)["predecessors"] == [4, 6, 7]
    assert decision(gate=why, description__terms=101)["predecessors"] == []
    long = decision(
        champion={**CHAMPION, "predecessors": list(range(500)), "serial": 500}
    )["predecessors"]
    assert long == list(range(401, 501))


def test_a_loss_since_an_earlier_model_names_it():
    (reason,) = decision(earlier=Compared(**{**vars(ALIKE), "difference": LOSS}))[
        "reasons"
    ]
    assert "macro F1 on reviews against that of model 4 -0.02" in reason


def test_whoever_wants_no_earlier_model_is_not_asked_for_one():
    found = decision(
        gate={"regression": {**GATE["regression"], "publications_back": None}},
        earlier=None,
    )
    assert "regression since an earlier model" not in {
        check["name"] for check in found["checks"]
    }


def test_an_override_that_was_left_in_place_lets_no_later_failure_through():
    night, next_night = datetime.date(2026, 11, 20), datetime.date(2026, 11, 21)
    why = {"override": {"night": night, "reason": "the vendor's new template is known"}}
    found = decision(gate=why, date=next_night, description__terms=101)
    assert (found["publish"], found["override"]) == (False, None)
    gate = Gate.model_validate({**GATE, **why})
    assert warnings(gate, night) == []
    (words,) = warnings(gate, next_night)
    assert words.startswith(
        "release.gate.override is for the night of 2026-11-20 and overrides nothing here"
    )
