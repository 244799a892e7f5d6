"""Tables of the rules' benchmarks."""

from collections.abc import Sequence

from benchmarks.harness import markdown
from benchmarks.labelling.records import (
    RuleSpeedResult,
    VotesResult,
    WeakLabels,
    WeakLabelsResult,
)
from pipeline.statistics.interval import Interval
from pipeline.statistics.metrics import LabelMetrics


def rule_speed_tables(result: RuleSpeedResult) -> str:
    """Return a table of the engines, and one of our engine with more and more rules."""
    re_rate = result.engines[0].rate
    engines = [
        [
            engine.name,
            f"{engine.messages:,}",
            f"{engine.rate:,.0f}",
            f"{engine.rate / re_rate:,.1f}",
            f"{engine.differing:,}",
        ]
        for engine in result.engines
    ]
    growth = [
        [
            str(count.rules),
            f"{count.compile_seconds:.1f}",
            markdown.spread(count.seconds, 1),
            f"{count.rate:,.0f}",
        ]
        for count in result.growth
    ]
    introduction = (
        f"{result.rules} rules. Messages: {markdown.sources(result.sources)}; medians "
        "of rounds in turns."
    )
    engine_header = (
        "engine",
        "messages",
        "messages/s",
        "times re",
        "votes unlike re's",
    )
    return markdown.parts(
        markdown.paragraph(introduction),
        markdown.table(engine_header, engines),
        "Cost of our engine as rules grow, one core:",
        markdown.table(("rules", "compile, s", "label, s", "messages/s"), growth),
    )


def votes_tables(result: VotesResult) -> str:
    """Return a table with a row for each source of messages."""
    n_rules = sum(result.rules.values())
    rows = [
        [
            source,
            f"{votes.messages:,}",
            f"{votes.messages * n_rules:,}",
            f"{votes.matched:,}",
            f"{votes.differing:,}",
        ]
        for source, votes in result.votes.items()
    ]
    strategies = [
        f"{count:,} {strategy}" for strategy, count in sorted(result.strategies.items())
    ]
    introduction = (
        f"{result.rules['pack']:,} rules of the pack and {result.rules['public']:,} "
        f"public patterns: {', '.join(strategies)}."
    )
    header = ("distinct messages", "messages", "votes", "matches", "votes unlike re's")
    return markdown.parts(
        markdown.paragraph(introduction), markdown.table(header, rows)
    )


def weak_labels_tables(result: WeakLabelsResult) -> str:
    """Return tables of the rules' labels, and of a model's labels in two ways."""
    rules_introduction = (
        f"{result.rules} rules, {result.messages:,} messages of the UCI SMS Spam "
        "Collection. The rules' own labels: precision and recall on the messages that "
        "they label, and the share of all spam that they find:"
    )
    rules_rows = []
    for row in result.rows:
        metrics = _metrics_cells(row.labels)
        recall_of_all = f"{row.recall_of_all:.3f}"
        rules_rows.append([row.name, f"{row.coverage:.1%}", *metrics, recall_of_all])
    rules_header = (
        "labels",
        "coverage",
        "spam precision",
        "spam recall",
        "spam F1",
        "of all spam",
    )
    model_introduction = (
        "Labels that a model trained on the rules' labels gives to messages that it "
        f"has not seen ({result.folds} folds, the grid is searched in each; the label "
        "model has seen the rules' votes on all messages):"
    )
    masked_introduction = (
        "The same, with everything that a rule matched in a message masked "
        f"({result.masked_messages:,} messages are changed by it): what the model "
        "learned beyond its rules."
    )
    return markdown.parts(
        markdown.paragraph(rules_introduction),
        markdown.table(rules_header, rules_rows),
        markdown.paragraph(model_introduction),
        _model_table(result.rows, "model"),
        markdown.paragraph(masked_introduction),
        _model_table(result.rows, "masked"),
    )


def _model_table(rows: Sequence[WeakLabels], field: str) -> str:
    header = ("labels", "spam precision", "spam recall", "spam F1")
    cells = [[row.name, *_metrics_cells(getattr(row, field))] for row in rows]
    return markdown.table(header, cells)


def _metrics_cells(metrics: LabelMetrics) -> list[str]:
    figures = (metrics.precision, metrics.recall, metrics.f1)
    return [_interval_cell(interval) for interval in figures]


def _interval_cell(interval: Interval) -> str:
    if interval.value is None:
        return markdown.DASH
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
