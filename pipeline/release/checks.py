"""The gate: checks with value, bound and verdict, and what follows from them."""

import datetime
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.config.settings import MAX_LOOKBACK, Gate
from pipeline.release.model_outputs import Compared, Evidence

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
NEWER = "newer"
NO_CHAMPION = "nothing is published yet"
NOTHING = "nothing to compare"
MACRO = "macro F1 against the champion's"
DECIDED = ", with thresholds"


@dataclass(frozen=True)
class Check:
    """One question to tonight's model, ``bound`` being what it must keep to, in words of ``what`` is measured."""

    name: str
    what: str
    value: float | int | str | None
    bound: float | int | str | None
    verdict: str
    note: str = ""


@dataclass(frozen=True)
class Night:
    """What the gate knows of tonight.

    Attributes
    ----------
    date : the night's.
    results : of the night's tasks: ``messages``, ``rules``, ``description``, ``reviews`` and ``speed``.
    labelled : tonight's model beside the champion.
    decided : the same with the thresholds in their files; None where none of them has one, or there is no champion.
    earlier : the serial of the model published before the champion that tonight's is held against too, if there is one.
    champion_on_reviews : the champion's metrics on tonight's reviews; None without one, or without reviews.
    unreadable : why the champion's file cannot be read, so that nothing is compared; None if it can, or there is none.
    """

    date: datetime.date
    results: dict[str, Any]
    labelled: Evidence
    decided: Evidence | None
    earlier: int | None
    champion_on_reviews: dict[str, Any] | None
    unreadable: str | None = None


def decide(gate: Gate, night: Night, champion: dict[str, Any] | None) -> dict[str, Any]:
    """Whether tonight's model is published, as a JSON value.

    ``publish`` is the decision, ``checks`` all that was asked, ``reasons`` the checks that failed, in words. ``older``
    is whether the only reason is that a later night is published already, as when nights are made up for. ``override``
    is why the model is published nevertheless, null where nothing had to be, or that of another night. ``champion`` and
    ``earlier`` are the serials of the models that it was held against. ``predecessors`` are those of the models that
    led to it, the last one last; an override begins anew, since what it let pass must not be held against later nights.

    Parameters
    ----------
    champion : the registry's entry of the published model; None on the first night.
    """
    checks = list(_checks(gate, night, champion))
    failed = [check for check in checks if check.verdict == FAILED]
    reasons = [describe(asdict(check)) for check in failed]
    override = (
        gate.override
        if reasons and gate.override and gate.override.night == night.date
        else None
    )
    return {
        "publish": not reasons or override is not None,
        "older": [check.name for check in failed] == [NEWER],
        "override": override and override.reason,
        "reasons": reasons,
        "champion": champion and champion["serial"],
        "earlier": night.earlier,
        "predecessors": [] if override or not champion else _predecessors(champion),
        "checks": [asdict(check) for check in checks],
        "figures": figures(night),
        "compared": {
            **asdict(night.labelled),
            "with_thresholds": night.decided and asdict(night.decided),
        },
    }


def figures(night: Night) -> dict[str, Any]:
    """What a later night is held against: the messages of tonight, the shares of labels, and the model on reviews."""
    rules = night.results["rules"]
    labelled = max(rules["labelled"], 1)
    return {
        "messages": night.results["messages"]["counts"]["kept"],
        "coverage": rules["labelled"] / max(rules["messages"], 1),
        "shares": {label: count / labelled for label, count in rules["labels"].items()},
        "reviews": _f1(night.results["reviews"]["metrics"]),
    }


def _f1(metrics: dict[str, Any] | None) -> dict[str, Any] | None:
    """F1 with its interval, of all labels and of each."""
    per_label = metrics and {
        label: found["f1"] for label, found in metrics["per_label"].items()
    }
    return metrics and {"macro": metrics["macro_f1"], "per_label": per_label}


def _predecessors(champion: dict[str, Any]) -> list[int]:
    return [*champion.get("predecessors", []), champion["serial"]][-MAX_LOOKBACK:]


def describe(check: dict[str, Any]) -> str:
    """A check in a line: what was found and what was asked for."""
    found, bound = (_written(check[name]) for name in ("value", "bound"))
    note = f"; {check['note']}" if check["note"] else ""
    return f"{check['name']}: {check['what']} {found}, must be {bound}{note}"


def _written(value: float | int | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return (
        "undefined"
        if value is None
        else f"{value:,}"
        if isinstance(value, int)
        else value
    )


def _checks(
    gate: Gate, night: Night, champion: dict[str, Any] | None
) -> Iterator[Check]:
    yield from _verification(night.results["description"])
    yield from _device(gate, night)
    yield from _floors(gate, night.results["reviews"])
    yield _newer(night, champion)
    if night.unreadable:
        bound = "of a format that is read here"
        yield Check(
            "champion",
            "the published model's file",
            "unreadable",
            bound,
            FAILED,
            night.unreadable,
        )
    compared = champion is not None and not night.unreadable
    yield from _against(gate, night, night.labelled, compared)
    if night.decided:
        # An app may ask for thresholds or not: neither must find its labels changed overnight.
        yield from _against(gate, night, night.decided, compared, DECIDED)
    yield from _drift(gate, figures(night), champion and champion["figures"])
    yield from _drift_of_reviews(
        gate, _f1(night.champion_on_reviews), champion and champion["figures"]
    )


def _at_most(
    name: str, what: str, value: float | None, bound: float, note: str = ""
) -> Check:
    verdict = SKIPPED if value is None else PASSED if value <= bound else FAILED
    return Check(name, what, value, f"at most {_written(bound)}", verdict, note)


def _at_least(
    name: str, what: str, value: float | None, bound: float, note: str = ""
) -> Check:
    verdict = FAILED if value is None or value < bound else PASSED
    return Check(name, what, value, f"at least {_written(bound)}", verdict, note)


def _verification(description: dict[str, Any]) -> Iterator[Check]:
    found = description["verification"]
    yield _at_most(
        "verified", "messages that a scorer scores otherwise", found["differences"], 0
    )


def _device(gate: Gate, night: Night) -> Iterator[Check]:
    model, device = night.results["description"], gate.device
    size = model["files"]["model.json"]["gzipped_bytes"]
    yield _at_most("size", "bytes of the gzipped model", size, device.gzipped_bytes)
    yield _at_most("terms", "terms", model["terms"], device.terms)
    speed, what = (
        night.results["speed"]["microseconds"],
        "microseconds a message, in the Python scorer",
    )
    yield _at_most("speed", what, speed, device.microseconds)


def _floors(gate: Gate, reviews: dict[str, Any]) -> Iterator[Check]:
    """Of what the file decides with its thresholds, if it has any: they are there to hold what is asked of a label."""
    metrics = reviews["with_thresholds"] or reviews["metrics"]
    how = DECIDED if reviews["with_thresholds"] else ""
    compared = metrics["n"] if metrics else 0
    yield _at_least(
        "reviews",
        "reviewed messages",
        compared,
        gate.min_reviewed_messages,
        "see nightsieve load --label",
    )
    for label, floor in sorted(gate.floors.items()):
        for measure, bound in floor.model_dump(exclude_none=True).items():
            found = (
                (metrics or {})
                .get("per_label", {})
                .get(label, {})
                .get(measure, {"value": None})
            )
            yield _at_least(f"floor {label}{how}", measure, found["value"], bound)


def _newer(night: Night, champion: dict[str, Any] | None) -> Check:
    if champion is None:
        return Check(NEWER, "night", night.date.isoformat(), None, SKIPPED, NO_CHAMPION)
    verdict = PASSED if night.date.isoformat() >= champion["date"] else FAILED
    return Check(
        NEWER, "night", night.date.isoformat(), f"{champion['date']} or later", verdict
    )


def _against(
    gate: Gate, night: Night, evidence: Evidence, compared: bool, how: str = ""
) -> Iterator[Check]:
    reviews, margin = evidence.reviews, gate.regression.max_loss.macro_f1
    if compared:
        # Else a night that nothing speaks for would have passed against the published model.
        documents, note = (
            reviews.documents + evidence.holdout.documents,
            "see source.reviews and training.holdout_fraction",
        )
        yield _at_least(
            f"evidence{how}",
            "texts that both models can be judged on",
            documents,
            1,
            note,
        )
    yield _regression(
        f"regression on reviews{how}", MACRO, reviews, reviews.difference, margin
    )
    yield from _regression_of_labels(gate, reviews, how)
    yield _regression(
        f"regression on holdout{how}",
        MACRO,
        evidence.holdout,
        evidence.holdout.difference,
        margin,
    )
    if gate.regression.publications_back:
        # Steps that are each too small to be seen are one large step from where they began.
        name, found = f"regression since an earlier model{how}", evidence.earlier
        if found:
            what = f"macro F1 on reviews against that of model {night.earlier}"
            yield _regression(name, what, found, found.difference, margin)
        else:
            none = "none before the champion is kept, or an override began anew"
            yield Check(name, "macro F1 on reviews", None, None, SKIPPED, none)
    yield from _churn(gate, evidence.holdout, how)


def _regression(
    name: str,
    what: str,
    compared: Compared,
    found: dict[str, Any] | None,
    margin: float,
) -> Check:
    """Fails on a loss that is larger than the margin and no accident: the whole interval is below 0."""
    bound = f"at least {-margin:.4g}, if all of its interval is below 0"
    if found is None or found["value"] is None:
        return Check(name, what, None, bound, SKIPPED, NOTHING)
    verdict = FAILED if found["value"] < -margin and found["high"] < 0 else PASSED
    note = f"interval {found['low']:.4g} to {found['high']:.4g}, {found.get('texts', compared.documents):,} texts"
    return Check(name, what, found["value"], bound, verdict, note)


def _regression_of_labels(gate: Gate, compared: Compared, how: str) -> Iterator[Check]:
    """One label may lose what macro F1 hides: by what another one gains, or among a dozen others."""
    margins = {
        "precision": gate.regression.max_loss.precision,
        "recall": gate.regression.max_loss.recall,
    }
    for label, measures in compared.per_label.items():
        for measure, margin in margins.items():
            name, what, found = (
                f"regression of {label}{how}",
                f"{measure} against the champion's",
                measures[measure],
            )
            if found["texts"] < gate.regression.min_texts:
                few = f"of {found['texts']:,} texts, fewer than {gate.regression.min_texts:,}"
                yield Check(name, what, found["value"], None, SKIPPED, few)
            else:
                yield _regression(name, what, compared, found, margin)


def _churn(gate: Gate, compared: Compared, how: str) -> Iterator[Check]:
    yield _at_most(
        f"churn{how}",
        "share of withheld messages with another label",
        compared.churn,
        gate.churn.overall,
    )
    for label, share in compared.churn_per_label.items():
        yield _at_most(
            f"churn of {label}{how}",
            "share with another label",
            share,
            gate.churn.label,
        )


def _drift(
    gate: Gate, tonight: dict[str, Any], before: dict[str, Any] | None
) -> Iterator[Check]:
    if before is None:
        yield Check("drift", "label shares", None, None, SKIPPED, NO_CHAMPION)
        return
    drift = gate.drift
    yield _at_least(
        "messages",
        "share of the champion's",
        tonight["messages"] / before["messages"],
        drift.min_messages_ratio,
    )
    change = abs(tonight["coverage"] - before["coverage"])
    yield _at_most(
        "coverage",
        "change of the share with a label",
        change,
        drift.max_coverage_change,
    )
    for label in sorted(tonight["shares"].keys() | before["shares"].keys()):
        change = abs(tonight["shares"].get(label, 0) - before["shares"].get(label, 0))
        yield _at_most(f"share of {label}", "change", change, drift.max_share_change)


def _drift_of_reviews(
    gate: Gate, now: dict[str, Any] | None, before: dict[str, Any] | None
) -> Iterator[Check]:
    """One model, two nights' reviews: what it measures otherwise, the reviews say otherwise, and not the model.

    Both models may look alike on reviews that are wrong. So no comparison of the two would tell.
    """
    then = before and before.get("reviews")
    if not now or not then or now["per_label"].keys() != then["per_label"].keys():
        note = NO_CHAMPION if before is None else NOTHING
        yield Check(
            "drift of reviews", "the champion's macro F1", None, None, SKIPPED, note
        )
        return
    yield _moved(
        "drift of reviews",
        "change of the champion's macro F1",
        now["macro"],
        then["macro"],
        gate.drift.max_f1_change_on_reviews,
    )
    for label, found in now["per_label"].items():
        name, what = f"drift of reviews of {label}", "change of the champion's F1"
        yield _moved(
            name,
            what,
            found,
            then["per_label"][label],
            gate.drift.max_f1_change_on_reviews,
        )


def _moved(
    name: str, what: str, now: dict[str, Any], then: dict[str, Any], most: float
) -> Check:
    """Fails on a change that is larger than ``most`` and no accident: the intervals do not overlap."""
    bound = f"at most {most:.4g}, if the intervals do not overlap"
    if now["value"] is None or then["value"] is None:
        return Check(name, what, None, bound, SKIPPED, NOTHING)
    change, apart = (
        abs(now["value"] - then["value"]),
        now["high"] < then["low"] or then["high"] < now["low"],
    )
    note = f"{then['value']:.4g} on its own night's reviews, {now['value']:.4g} on tonight's"
    return Check(
        name, what, change, bound, FAILED if change > most and apart else PASSED, note
    )
