"""The gate: checks with value, bound and verdict, and what follows from them."""

import datetime
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.release.evidence import Compared, Evidence
from pipeline.settings import Gate

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
NEWER = "newer"
NO_CHAMPION = "nothing is published yet"
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
    decided : the same with the thresholds in their files; None where neither has one, or there is no champion.
    unreadable : why the champion's file cannot be read, so that nothing is compared; None if it can, or there is none.
    """

    date: datetime.date
    results: dict[str, Any]
    labelled: Evidence
    decided: Evidence | None
    unreadable: str | None = None


def decide(gate: Gate, night: Night, champion: dict[str, Any] | None) -> dict[str, Any]:
    """Whether tonight's model is published, as a JSON value.

    ``publish`` is the decision, ``checks`` all that was asked, ``reasons`` the checks that failed, in words. ``older``
    is whether the only reason is that a later night is published already, as when nights are made up for. ``override``
    is why the model is published nevertheless, null where nothing had to be, or that of another night; ``champion`` the
    serial of the model that it was held against.

    Parameters
    ----------
    champion : the registry's entry of the published model; None on the first night.
    """
    checks = list(_checks(gate, night, champion))
    failed = [check for check in checks if check.verdict == FAILED]
    reasons = [describe(asdict(check)) for check in failed]
    override = gate.override if reasons and gate.override and gate.override.night == night.date else None
    return {
        "publish": not reasons or override is not None,
        "older": [check.name for check in failed] == [NEWER],
        "override": override and override.reason,
        "reasons": reasons,
        "champion": champion and champion["serial"],
        "checks": [asdict(check) for check in checks],
        "figures": figures(night),
        "compared": {**asdict(night.labelled), "with_thresholds": night.decided and asdict(night.decided)},
    }


def figures(night: Night) -> dict[str, Any]:
    """What a later night is held against: the messages of tonight, and the shares of labels among them."""
    rules = night.results["rules"]
    labelled = max(rules["labelled"], 1)
    return {
        "messages": night.results["messages"]["counts"]["kept"],
        "coverage": rules["labelled"] / max(rules["messages"], 1),
        "shares": {label: count / labelled for label, count in rules["labels"].items()},
    }


def describe(check: dict[str, Any]) -> str:
    """A check in a line: what was found and what was asked for."""
    found, bound = (_written(check[name]) for name in ("value", "bound"))
    note = f"; {check['note']}" if check["note"] else ""
    return f"{check['name']}: {check['what']} {found}, must be {bound}{note}"


def _written(value: float | int | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "undefined" if value is None else f"{value:,}" if isinstance(value, int) else value


def _checks(gate: Gate, night: Night, champion: dict[str, Any] | None) -> Iterator[Check]:
    yield from _verification(night.results["description"])
    yield from _device(gate, night)
    yield from _floors(gate, night.results["reviews"])
    yield _newer(night, champion)
    if night.unreadable:
        bound = "of a format that is read here"
        yield Check("champion", "the published model's file", "unreadable", bound, FAILED, night.unreadable)
    yield from _against(gate, night.labelled)
    if night.decided:
        # An app may ask for thresholds or not: neither must find its labels changed overnight.
        yield from _against(gate, night.decided, DECIDED)
    yield from _drift(gate, figures(night), champion and champion["figures"])


def _at_most(name: str, what: str, value: float | None, bound: float, note: str = "") -> Check:
    verdict = SKIPPED if value is None else PASSED if value <= bound else FAILED
    return Check(name, what, value, f"at most {_written(bound)}", verdict, note)


def _at_least(name: str, what: str, value: float | None, bound: float, note: str = "") -> Check:
    verdict = FAILED if value is None or value < bound else PASSED
    return Check(name, what, value, f"at least {_written(bound)}", verdict, note)


def _verification(description: dict[str, Any]) -> Iterator[Check]:
    found = description["verification"]
    yield _at_most("verified", "messages that a scorer scores otherwise", found["differences"], 0)


def _device(gate: Gate, night: Night) -> Iterator[Check]:
    model, device = night.results["description"], gate.device
    size = model["files"]["model.json"]["gzipped_bytes"]
    yield _at_most("size", "bytes of the gzipped model", size, device.gzipped_bytes)
    yield _at_most("terms", "terms", model["terms"], device.terms)
    speed, what = night.results["speed"]["microseconds"], "microseconds a message, in the Python scorer"
    yield _at_most("speed", what, speed, device.microseconds)


def _floors(gate: Gate, reviews: dict[str, Any]) -> Iterator[Check]:
    """Of what the file decides with its thresholds, if it has any: they are there to hold what is asked of a label."""
    metrics = reviews["with_thresholds"] or reviews["metrics"]
    how = DECIDED if reviews["with_thresholds"] else ""
    compared = metrics["n"] if metrics else 0
    yield _at_least("reviews", "reviewed messages", compared, gate.reviews, "see nightsieve load --label")
    for label, floor in sorted(gate.floors.items()):
        for measure, bound in floor.model_dump(exclude_none=True).items():
            found = (metrics or {}).get("per_label", {}).get(label, {}).get(measure, {"value": None})
            yield _at_least(f"floor {label}{how}", measure, found["value"], bound)


def _newer(night: Night, champion: dict[str, Any] | None) -> Check:
    if champion is None:
        return Check(NEWER, "night", night.date.isoformat(), None, SKIPPED, NO_CHAMPION)
    verdict = PASSED if night.date.isoformat() >= champion["date"] else FAILED
    return Check(NEWER, "night", night.date.isoformat(), f"{champion['date']} or later", verdict)


def _against(gate: Gate, evidence: Evidence, how: str = "") -> Iterator[Check]:
    yield _regression(gate, f"regression on reviews{how}", evidence.reviews)
    yield _regression(gate, f"regression on holdout{how}", evidence.holdout)
    yield from _churn(gate, evidence.holdout, how)


def _regression(gate: Gate, name: str, compared: Compared) -> Check:
    """Fails on a loss that is larger than the margin and no accident: the whole interval is below 0."""
    found, margin = compared.difference, gate.regression.margin
    what, bound = "macro F1 against the champion's", f"at least {-margin:.4g}, if all of its interval is below 0"
    if found is None:
        return Check(name, what, None, bound, SKIPPED, "nothing to compare")
    verdict = FAILED if found["value"] < -margin and found["high"] < 0 else PASSED
    note = f"interval {found['low']:.4g} to {found['high']:.4g}, {compared.documents:,} texts"
    return Check(name, what, found["value"], bound, verdict, note)


def _churn(gate: Gate, compared: Compared, how: str) -> Iterator[Check]:
    yield _at_most(f"churn{how}", "share of withheld messages with another label", compared.churn, gate.churn.overall)
    for label, share in compared.churn_per_label.items():
        yield _at_most(f"churn of {label}{how}", "share with another label", share, gate.churn.label)


def _drift(gate: Gate, tonight: dict[str, Any], before: dict[str, Any] | None) -> Iterator[Check]:
    if before is None:
        yield Check("drift", "label shares", None, None, SKIPPED, NO_CHAMPION)
        return
    drift = gate.drift
    yield _at_least("messages", "share of the champion's", tonight["messages"] / before["messages"], drift.messages)
    change = abs(tonight["coverage"] - before["coverage"])
    yield _at_most("coverage", "change of the share with a label", change, drift.coverage)
    for label in sorted(tonight["shares"].keys() | before["shares"].keys()):
        change = abs(tonight["shares"].get(label, 0) - before["shares"].get(label, 0))
        yield _at_most(f"share of {label}", "change", change, drift.share)
