"""The key figures of a night: a row among all nights, a point of a trend."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from pipeline.records.export import MODEL_FILE, ExportManifest
from pipeline.records.run import KeyFigures, RunManifest
from pipeline.report.outcome import outcome
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import Metrics

MAX_NIGHTS = 30  # of a trend
MACRO = "macro average"  # no label has a space


def key_figures(manifest: RunManifest) -> KeyFigures:
    """Return a night's key figures from its run manifest."""
    results = manifest.results
    rules = results.rules
    decided = outcome(results)
    reviews = results.reviews.metrics
    return KeyFigures(
        date=manifest.date,
        config=manifest.config,
        table=_table_digest(manifest.settings),
        outcome=decided.kind,
        override=results.decision.override,
        reasons=decided.reasons,
        failed_checks=decided.failed_checks,
        serial=results.publication.serial,
        messages=rules.messages,
        coverage=rules.coverage,
        shares=rules.label_shares,
        f1=_f1(results.cross_validation.metrics),
        reviews=None if reviews is None else _f1(reviews),
        gzipped_bytes=model_size(results.description),
        terms=results.description.terms,
    )


def trend(nights: Iterable[KeyFigures], tonight: KeyFigures) -> list[KeyFigures]:
    """Return the nights up to tonight that read the same table, by date.

    A date has one night: the latest of its runs, and tonight's own run for its date.

    Parameters
    ----------
    nights
        In the order in which they were written.
    """
    by_date = {}
    for night in nights:
        if night.table == tonight.table and night.date <= tonight.date:
            by_date[night.date] = night
    by_date[tonight.date] = tonight
    dates = sorted(by_date)[-MAX_NIGHTS:]
    return [by_date[date] for date in dates]


def model_size(description: ExportManifest) -> int:
    """Return the bytes of the gzipped model, which is measured for this file alone.

    Raises
    ------
    ValueError
        The size was not measured.
    """
    gzipped_bytes = description.files[MODEL_FILE].gzipped_bytes
    if gzipped_bytes is None:
        raise ValueError(f"{MODEL_FILE}: the manifest has no gzipped size")
    return gzipped_bytes


def _table_digest(settings: Mapping[str, JsonValue]) -> str:
    """Return a digest that two nights share if they read the same database table."""
    source = settings["source"]
    if not isinstance(source, dict):
        raise TypeError("settings: source is not an object")
    table = {name: source[name] for name in ("identity", "messages")}
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:16]


def _f1(metrics: Metrics) -> dict[str, Interval]:
    by_label = {label: row.f1 for label, row in metrics.per_label.items()}
    return {MACRO: metrics.macro_f1, **by_label}
