"""What the rules say of one message."""

import re

from rich.console import Console
from rich.text import Text

from ops.rules.tables import WIDTH, table
from pipeline.settings import Rule

AROUND = 30  # characters of the message on either side of what a rule found


def search(rule: Rule, body: str, sender: str | None) -> re.Match[str] | None:
    """Where the rule is first found; it is not, in a sender that is not there."""
    text = body if rule.field == "body" else sender
    return None if text is None else re.search(rule.pattern, text, re.IGNORECASE)


def show(found: list[tuple[Rule, re.Match[str]]], label: str | None) -> None:
    """Print the rules with what they found, marked as [[this]], and the label."""
    rows = table("rule", "label", "field", "weight", "from-to", "found", left=6)
    for rule, match in found:
        span = f"{match.start()}-{match.end()}"
        rows.add_row(rule.id, rule.label, rule.field, f"{rule.weight:g}", span, _marked(match))
    console = Console(width=WIDTH, highlight=False)
    if found:
        console.print(rows, soft_wrap=True)
        console.print()
    console.print(Text(f"Label: {label or 'none'}{_why_none(found) if label is None else ''}"), soft_wrap=True)


def _marked(match: re.Match[str]) -> Text:
    text, (start, end) = match.string, match.span()
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    if start > AROUND:
        before = f"...{before}"
    if end + AROUND < len(text):
        after = f"{after}..."
    pieces = [(before, ""), ("[[", "bold"), (match[0], "bold"), ("]]", "bold"), (after, "")]
    return Text.assemble(*((_printable(piece), style) for piece, style in pieces))


def _printable(text: str) -> str:
    """On one line, and nothing that a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def _why_none(found: list) -> str:
    return ": the rules' weights do not decide" if found else ": no rule matches"
