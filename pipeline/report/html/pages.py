"""The report of a night, and the page of all nights: plain HTML, one style sheet, SVG.

It is right where nothing but images and style sheets of the same origin is allowed, as under Jenkins: no script, no
style of an element's own, no data: address.
"""

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from pipeline.config import differences
from pipeline.report import figures, listings, tables
from pipeline.report.costs import costs
from pipeline.report.diff import with_drift
from pipeline.report.key_figures import MACRO, key_figures, trend
from pipeline.report.outcome import outcome

TEMPLATES = Path(__file__).parent / "templates"
STYLE = "report.css"
TREND_LABELS = 11  # besides the macro average
CHANGES = 12  # of the configuration, shown without being asked for
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"
)


def night_report(
    manifest: dict[str, Any],
    comparison: dict[str, Any],
    before: dict[str, Any] | None,
    nights: Sequence[dict[str, Any]],
) -> dict[str, bytes]:
    """The files of a night's report by their names, ``index.html`` among them.

    Parameters
    ----------
    manifest : the night's.
    comparison : what `compare_models` says.
    before : the manifest of the night whose model was the published one; None without one, or if it is gone.
    nights : key figures of the nights that there are, the one written last at the end.
    """
    now, then = key_figures(manifest), before and key_figures(before)
    results, drawn = (
        manifest["results"],
        _drawings(manifest["results"], now, then, trend(nights, now)),
    )
    page = _template("night.html").render(
        manifest=manifest,
        outcome=outcome(results),
        comparison=comparison,
        before=before,
        since=tables.since(now, then) if then else None,
        changes=list(differences("", manifest["settings"], before["settings"]))
        if before
        else [],
        changes_shown=CHANGES,
        drawn=drawn,
        tables=_tables(manifest, comparison, before, trend(nights, now)),
        seconds=tables.number(
            sum(cost.seconds for cost in costs(manifest["tasks"])), 1
        ),
    )
    files = {
        name: content
        for some in drawn.values()
        for drawing in some
        for name, content in drawing.files.items()
    }
    return {"index.html": page.encode(), STYLE: _style(), **files}


def nights_page(
    nights: Sequence[dict[str, Any]],
    current: dict[str, Any] | None = None,
    rolled_back: Sequence[dict[str, Any]] = (),
) -> dict[str, bytes]:
    """The files of the page of all nights, the last one first; each has the address of its ``report``, or null.

    ``current`` is the registry's entry of the current model, ``rolled_back`` has those that rollbacks made.
    """
    ordered = sorted(reversed(nights), key=lambda night: night["date"], reverse=True)
    page = _template("nights.html").render(
        nights=ordered,
        macro=MACRO,
        current=current,
        published=f"Current: {_published(current)}"
        if current
        else "Nothing is published yet.",
        rolled_back=[
            f"Rolled back to: {_published(entry)}"
            for entry in reversed(rolled_back)
            if entry != current
        ],
        serial=functools.partial(_serial, current=current),
        percent=tables.percent,
        number=tables.number,
        why=_why,
    )
    return {STYLE: _style(), "index.html": page.encode()}


def _published(entry: dict[str, Any]) -> str:
    """A published model in words: of which night it is and, of a rollback's, which model it is again, and why."""
    again = (
        f", which is model {entry['restores']} again: {entry['reason']}"
        if "restores" in entry
        else ""
    )
    return f"model {entry['serial']} of {entry['date']}{again}"


def _serial(night: dict[str, Any], current: dict[str, Any] | None) -> str:
    """The serial that the night's model was published under, and whether it is current, perhaps under a later one."""
    if not night["serial"]:
        return ""
    if current is None or (night["date"], night["config"]) != (
        current["date"],
        current["config"],
    ):
        return str(night["serial"])
    same = night["serial"] == current["serial"]
    return (
        f"{night['serial']}, current"
        if same
        else f"{night['serial']}, current as {current['serial']}"
    )


def _why(night: dict[str, Any]) -> str:
    """The reason of an override, and the failed checks by their names: what each found is in the night's report."""
    failed = [reason.partition(":")[0] for reason in night["reasons"]]
    return "; ".join(([night["override"]] if night["override"] else []) + failed)


def _drawings(
    results: dict[str, Any],
    now: dict[str, Any],
    then: dict[str, Any] | None,
    nights: Sequence[dict[str, Any]],
) -> dict[str, list[figures.Drawing]]:
    """The figures of each section."""
    validation = results["cross-validation"]
    labels = list(now["f1"])[: TREND_LABELS + 1]
    f1 = [
        figures.f1_trend(f"f1-{number}", label, nights)
        for number, label in enumerate(labels)
    ]
    curves, chosen = validation.get("curves") or {}, validation.get("thresholds") or {}
    return {
        "trend": [drawing for drawing in f1 if drawing],
        "confusion": [figures.confusion("confusion", validation["metrics"])],
        "curves": [
            figures.precision_recall(
                f"curve-{number}", label, points, _point(chosen.get(label))
            )
            for number, (label, points) in enumerate(curves.items())
            if points and number < figures.LABELS
        ],
        "shares": [figures.shares("shares", now["shares"], then and then["shares"])],
    }


def _point(threshold: dict[str, Any] | None) -> tuple[float, float] | None:
    """Recall and precision that a threshold reaches; None without one, or where one of them is undefined."""
    if threshold is None:
        return None
    point = (threshold["recall"]["value"], threshold["precision"]["value"])
    return None if None in point else point


def _tables(
    manifest: dict[str, Any],
    comparison: dict[str, Any],
    before: dict[str, Any] | None,
    nights: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """The tables by the section that they are for; of terms one a label."""
    results, theirs = manifest["results"], before and before["results"]
    validation, reviews, rules = (
        results["cross-validation"],
        results["reviews"]["metrics"],
        results["rules"],
    )
    caption, decided = (
        "Cross-validation, against the rules' labels",
        results["reviews"].get("with_thresholds"),
    )
    return {
        "metrics": tables.metrics("validation", caption, validation["metrics"]),
        "reviews": reviews
        and tables.metrics(
            "reviews", "The exported model, against human reviews", reviews
        ),
        "decided": decided
        and tables.metrics(
            "decided", "With the thresholds, against human reviews", decided
        ),
        "trend": tables.trend(nights),
        "confusion": tables.confusion(
            "confusion-table",
            "Rows: by the rules. Columns: predicted",
            validation["metrics"],
        ),
        "thresholds": tables.thresholds(validation["thresholds"])
        if validation.get("thresholds")
        else None,
        "shares": tables.shares(rules, theirs and key_figures(before)["shares"]),
        "checks": tables.checks(results["decision"]),
        "rules": listings.rules(
            with_drift(rules, theirs and theirs["rules"]), compared=before is not None
        ),
        "gone": with_drift(rules, theirs and theirs["rules"])["gone"],
        "churned": listings.churned(comparison["churned"]),
        "terms": [
            listings.terms(f"terms-{number}", label, strongest)
            for number, (label, strongest) in enumerate(comparison["terms"].items())
        ],
        "moved": listings.moved(comparison["moved"]),
        "device": tables.device(results["decision"], theirs and theirs["decision"]),
        "stages": listings.stages(manifest["tasks"]),
        "files": listings.files(results["description"]),
        "lineage": listings.lineage(manifest["tasks"]),
        "environment": listings.facts(
            "environment", "What it ran with", "library", manifest["environment"]
        ),
    }


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)


def _printable(value: Any) -> Any:
    """The value, every character in it that no page may hold as U+FFFD."""
    return (
        _UNPRINTABLE.sub("\ufffd", value)
        if isinstance(value, str) and _UNPRINTABLE.search(value)
        else value
    )


def _style() -> bytes:
    return (TEMPLATES / STYLE).read_bytes()
