"""The summary of a night on a terminal."""

from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from pipeline.report.costs import costs
from pipeline.report.outcome import (
    OLDER,
    OVERRIDDEN,
    OVERTAKEN,
    PUBLISHED,
    REFUSED,
    outcome,
)

_LABELS_SHOWN = 12
_RULES_SHOWN = 5
_STYLES = {
    PUBLISHED: "bold green", OVERRIDDEN: "bold yellow", OLDER: "bold", OVERTAKEN: "bold yellow", REFUSED: "bold red",
}  # fmt: skip


def show(
    manifest: dict[str, Any],
    storage: str,
    page: str | None,
    console: Console | None = None,
) -> None:
    """Print what the night did: rows per stage, label shares, the best candidate, metrics, and where the files are."""
    results = manifest["results"]
    console = console or Console(width=110, highlight=False)
    console.print(
        Group(
            Text(
                f"\nNight of {manifest['date']}, configuration {manifest['config']}",
                style="bold",
            ),
            _decision(results),
            _stages(manifest["tasks"]),
            _sample(results["messages"]["counts"]),
            _labels(results["rules"]),
            _search(results["search"]),
            _metrics(
                "Cross-validation, against the rules' labels",
                results["cross-validation"]["metrics"],
            ),
            _thresholds(results["cross-validation"]),
            _reviews(results["reviews"]),
            _export(results["description"]),
            _files(manifest, storage, page),
        ),
        soft_wrap=True,
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _stages(receipts: list[dict[str, Any]]) -> Table:
    table = _table(
        "\nStages", "stage", "tasks", "rows in", "rows out", "seconds", "peak MiB"
    )
    for cost in costs(receipts):
        rows, memory = (cost.rows_in, cost.rows_out), cost.peak_memory_mib
        table.add_row(
            cost.family,
            str(cost.tasks),
            *map(_number, rows),
            f"{cost.seconds:.1f}",
            _number(memory),
        )
    return table


def _decision(results: dict[str, Any]) -> Text:
    """What became of the model, before anything else: nobody should have to look for it."""
    found = outcome(results)
    return Text.assemble(
        (found.sentence, _STYLES[found.kind]),
        *(f"\n  {line}" for line in found.reasons),
    )


def _sample(counts: dict[str, int]) -> Text:
    left_out = {"null_bodies": "without a body", "oversized_bodies": "too long"}
    words = [
        f"{counts[name]:,} {why}" for name, why in left_out.items() if counts[name]
    ]
    return Text(
        f"\nSample: {counts['kept']:,} messages"
        + (f"; left out: {', '.join(words)}" if words else "")
    )


def _labels(rules: dict[str, Any]) -> Group:
    table = _table("\nLabels by the rules", "label", "messages", "share")
    silent, tied = rules["silent"], rules["tied"]
    rows = {**rules["labels"], "abstained: silence": silent, "abstained: tie": tied}
    for label, count in rows.items():
        table.add_row(label, f"{count:,}", f"{count / rules['messages']:.1%}")
    dead = sum(rule["coverage"] == 0 for rule in rules["rules"])
    conflicts = sorted(rules["rules"], key=lambda rule: -rule["conflicts"])[:3]
    named = ", ".join(
        f"{rule['id']} ({rule['conflicts']:,})"
        for rule in conflicts
        if rule["conflicts"]
    )
    note = f"{len(rules['rules'])} rules, {dead} without a match; most conflicts: {named or 'none'}"
    return Group(table, Text("\n".join([note, *_fallbacks(rules["fallbacks"])])))


def _fallbacks(found: list[dict[str, str]]) -> list[str]:
    lines = [
        f"{each['strategy']}: {each['id']} ({each['reason']})"
        for each in found[:_RULES_SHOWN]
    ]
    more = len(found) - len(lines)
    return [*lines, f"and {more} more: nightsieve rules report"] if more else lines


def _search(search: dict[str, Any]) -> Group:
    table = _table("\nBest candidates", "candidate", "score", "sd over folds")
    for row in search["candidates"][:3]:
        table.add_row(row["description"], f"{row['mean']:.4f}", f"{row['std']:.4f}")
    unfinished = sum(not row["converged"] for row in search["candidates"])
    note = f"{len(search['candidates'])} candidates"
    note += (
        f", {unfinished} of them not converged: raise training.max_iter"
        if unfinished
        else ""
    )
    return Group(table, Text(note))


def _interval(measure: dict[str, float | None]) -> str:
    if measure["value"] is None:
        return "undefined"
    return f"{measure['value']:.3f} [{measure['low']:.3f}, {measure['high']:.3f}]"


def _metrics(title: str, metrics: dict[str, Any]) -> Group:
    names = ("precision", "recall", "f1")
    table = _table(f"\n{title}", "label", "messages", *names)
    for label, row in metrics["per_label"].items():
        table.add_row(
            label, f"{row['support']:,}", *(_interval(row[name]) for name in names)
        )
    confusion = _table("", "labelled \\ predicted", *metrics["labels"][:_LABELS_SHOWN])
    for label, row in zip(metrics["labels"], metrics["confusion"], strict=True):
        confusion.add_row(label, *(f"{count:,}" for count in row[:_LABELS_SHOWN]))
    return Group(table, Text(f"macro F1 {_interval(metrics['macro_f1'])}"), confusion)


def _thresholds(measured: dict[str, Any]) -> Group:
    """What each goal came to; nothing where there is none, nor of nights from before there were any."""
    goals = measured.get("thresholds")
    if not goals:
        return Group()
    title = "\nThresholds, by cross-validation, against the rules' labels"
    table = _table(
        title, "label", "goal", "", "threshold", "messages", "precision", "recall"
    )
    for label, row in goals.items():
        ((name, bound),) = row["goal"].items()
        threshold = f"{row['threshold']:.4g}" if row["threshold"] else "none"
        figures = (
            threshold,
            f"{row['support']:,}",
            *(_interval(row[name]) for name in ("precision", "recall")),
        )
        table.add_row(
            label,
            f"{name} {bound:g}",
            "reached" if row["reached"] else "missed",
            *figures,
        )
    return Group(
        table,
        Text(
            "chosen one by one; measured, all of them in place, on folds that did not choose them"
        ),
    )


def _reviews(reviews: dict[str, Any]) -> Group | Text:
    left_out = {"ties between reviewers": reviews["ties"], **reviews["unknown_labels"]}
    words = ", ".join(f"{count:,} {name}" for name, count in left_out.items() if count)
    note = f"{reviews['reviews']:,} reviews of {reviews['messages']:,} messages"
    note += f"; left out: {words}" if words else ""
    if reviews["metrics"] is None:
        return Text(
            f"\nExported model, against human reviews: nothing to compare with; {note}"
        )
    title, decided = (
        "Exported model, against human reviews",
        reviews.get("with_thresholds"),
    )
    without = _metrics(title, reviews["metrics"])
    return Group(
        without,
        *([_metrics(f"{title}, with thresholds", decided)] if decided else []),
        Text(note),
    )


def _export(description: dict[str, Any]) -> Text:
    model, checked = description["files"]["model.json"], description["verification"]
    size = f"{description['terms']:,} terms x {len(description['labels'])} labels in {description['bits']} bits"
    languages = ", ".join(checked["languages"])
    return Text(
        f"\nExported model: {size}, {model['gzipped_bytes'] / 1000:,.0f} KB gzipped"
        f"\nScored by {languages}: {checked['texts']:,} distinct messages, {checked['vectors']:,} vectors, "
        f"{checked['differences']} differences"
        f"\nLabels unlike scikit-learn's: {checked['flips']:,}; of the others {checked['proved']:,} are proved, "
        f"{checked['observed']:,} observed; scores differ by at most {checked['largest_score_difference']:.1g}"
    )


def _files(manifest: dict[str, Any], storage: str, page: str | None) -> Text:
    keys = {receipt["task"]: receipt["key"] for receipt in manifest["tasks"]}
    storage = storage.rstrip("/")
    places = {
        "model": f"{storage}/{keys['ExportCoefficients']}",
        "scikit-learn pipeline": f"{storage}/{keys['FitModel']}",
        "run manifest": f"{storage}/runs/{manifest['date']}/{manifest['config']}.json",
        "report": f"{storage}/reports/{manifest['date']}/{manifest['config']}/index.html",
        "scheduler": page,
    }
    # No table: an address that is cut or wrapped cannot be copied.
    lines = [f"{name:<23}{place}" for name, place in places.items() if place]
    return Text.assemble(("\nFiles\n", "bold"), "\n".join(lines))
