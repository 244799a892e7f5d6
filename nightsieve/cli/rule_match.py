"""Show which rules match one message, and where."""

from pydantic import JsonValue
from rich.text import Text

from nightsieve.cli.terminal import console, printable, table
from pipeline.rules.match import MAX_SPANS, MessageMatch, RuleMatch, Span

CONTEXT = 30  # characters of the message before and after a match


def as_json(match: MessageMatch) -> dict[str, JsonValue]:
    """Return the rules with their spans, and the label, as a JSON value."""
    return {
        "rules": list(map(_rule_as_json, match.rules)),
        "label_by_majority": match.label_by_majority,
        "resolution": match.resolution,
    }


def show(match: MessageMatch) -> None:
    """Print the rules with what they match, marked as [[this]], and the label."""
    out = console()
    if match.rules:
        rows = table("rule", "label", "field", "weight", "from-to", "match", left=6)
        for rule_match in match.rules:
            for row in _rows(rule_match):
                rows.add_row(*row)
        out.print(rows, soft_wrap=True)
        out.print()
    out.print(_label_line(match), soft_wrap=True)


def _rule_as_json(match: RuleMatch) -> dict[str, JsonValue]:
    spans: list[JsonValue] = [
        {
            "start": span.start,
            "end": span.end,
            "text": match.text[span.start : span.end],
        }
        for span in match.spans
    ]
    rule = match.rule.model_dump(include={"id", "label", "field", "weight"})
    return {**rule, "spans": spans}


def _rows(match: RuleMatch) -> list[tuple[str | Text, ...]]:
    """Return a row for each span; only the first row names the rule."""
    rule = match.rule
    rule_cells = (rule.id, rule.label, rule.field, f"{rule.weight:g}")
    no_cells = ("",) * len(rule_cells)
    rows: list[tuple[str | Text, ...]] = []
    for i, span in enumerate(match.spans):
        cells = no_cells if i else rule_cells
        rows.append((*cells, f"{span.start}-{span.end}", _marked(match.text, span)))
    if len(match.spans) == MAX_SPANS:
        rows.append((*no_cells, "", f"(only the first {MAX_SPANS} matches are shown)"))
    return rows


def _marked(text: str, span: Span) -> Text:
    before = text[max(0, span.start - CONTEXT) : span.start]
    if span.start > CONTEXT:
        before = f"...{before}"
    after = text[span.end : span.end + CONTEXT]
    if span.end + CONTEXT < len(text):
        after = f"{after}..."
    return Text.assemble(
        printable(before),
        ("[[", "bold"),
        (printable(text[span.start : span.end]), "bold"),
        ("]]", "bold"),
        printable(after),
    )


def _label_line(match: MessageMatch) -> str:
    line = f"Label: {match.label_by_majority or 'none'}"
    if match.label_by_majority is None and match.rules:
        line += ": the weights of the rules do not decide"
    elif match.label_by_majority is None:
        line += ": no rule matches"
    if match.resolution != "majority":
        line += (
            ", by the majority of weights; a night with this configuration resolves "
            f"votes by {match.resolution}, from all its messages"
        )
    return line
