"""The key figures of a night: its line among all nights, its point in a trend."""

import hashlib
import json
from collections.abc import Iterable

from pydantic import JsonValue

from pipeline.records.export import MODEL_FILE
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
    became = outcome(results)
    reviews = results.reviews.metrics
    return KeyFigures(
        date=manifest.date,
        config=manifest.config,
        table=_table_digest(manifest.settings),
        outcome=became.kind,
        override=results.decision.override,
        reasons=became.reasons,
        failed_checks=became.failed_checks,
        serial=results.publication.serial,
        messages=rules.messages,
        coverage=rules.coverage,
        shares=rules.label_shares,
        f1=_f1(results.cross_validation.metrics),
        reviews=None if reviews is None else _f1(reviews),
        gzipped_bytes=results.description.files[MODEL_FILE].gzipped_bytes,
        terms=results.description.terms,
    )


def trend(nights: Iterable[KeyFigures], tonight: KeyFigures) -> list[KeyFigures]:
    """Return the nights up to tonight that read the same table, by date.

    One night a date: the last of its runs, and tonight's own for its date.

    Parameters
    ----------
    nights
        The one that was written last at the end.
    """
    by_date = {
        night.date: night
        for night in nights
        if night.table == tonight.table and night.date <= tonight.date
    }
    by_date[tonight.date] = tonight
    return [by_date[date] for date in sorted(by_date)][-MAX_NIGHTS:]


def _table_digest(settings: dict[str, JsonValue]) -> str:
    """Return what two nights share whose source is the same table of one database."""
    source = settings["source"]
    table = {name: source[name] for name in ("identity", "messages")}
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:16]


def _f1(metrics: Metrics) -> dict[str, Interval]:
    by_label = {label: row.f1 for label, row in metrics.per_label.items()}
    return {MACRO: metrics.macro_f1, **by_label}
