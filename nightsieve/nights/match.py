"""What the rules say of one message."""

import re
from collections import Counter
from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from nightsieve.cli.terminal import WIDTH, table
from pipeline import labelling
from pipeline.config.settings import Labelling, Rule
from pipeline.errors import DataError
from pipeline.patterns.search_timeout import SearchTimeout, SearchTimer

AROUND = 30  # characters of the message on either side of what a rule found
PLACES = 5  # shown of each rule

Found = list[tuple[Rule, list[re.Match[str]]]]


def search(settings: Labelling, body: str, sender: str | None) -> Found:
    """The rules that are found, each with its first places; none is found in a sender that is not there.

    Raises
    ------
    DataError : a search took too long; names the rule.
    """
    found = []
    with SearchTimer(settings.engine.search_timeout_seconds) as timer:
        for rule in settings.rules:
            text = body if rule.field == "body" else sender
            if text is None:
                continue
            try:
                places = timer.find_all(
                    re.compile(rule.pattern, re.IGNORECASE), text, PLACES
                )
            except SearchTimeout as timeout:
                raise DataError(f"rule {rule.id}: {timeout}") from None
            if places:
                found.append((rule, places))
    return found


def label(found: Found, settings: Labelling) -> str | None:
    """The label of the message, by the majority: a label model knows a message only among those of its night."""
    rules = tuple(rule.id for rule, _ in found)
    by_majority = settings.model_copy(
        update={
            "resolution": settings.resolution.model_copy(update={"method": "majority"})
        }
    )
    resolved = labelling.resolve_counts(Counter([rules]), by_majority)
    won = resolved["label"].iloc[0]
    return None if pd.isna(won) else won


def as_json(found: Found, settings: Labelling) -> dict[str, Any]:
    """The rules with their first places, the label by the majority, and how a night would resolve."""
    rules = [
        {
            **rule.model_dump(include={"id", "label", "field", "weight"}),
            "places": [
                {"start": place.start(), "end": place.end(), "text": place[0]}
                for place in places
            ],
        }
        for rule, places in found
    ]
    return {
        "rules": rules,
        "label_by_majority": label(found, settings),
        "resolution": settings.resolution.method,
    }


def show(found: Found, settings: Labelling) -> None:
    """Print the rules with what they found, marked as [[this]], and the label."""
    rows = table("rule", "label", "field", "weight", "from-to", "found", left=6)
    for rule, places in found:
        of_rule = (rule.id, rule.label, rule.field, f"{rule.weight:g}")
        for place in places:
            rows.add_row(*of_rule, f"{place.start()}-{place.end()}", _marked(place))
            of_rule = ("", "", "", "")
        if len(places) == PLACES:
            rows.add_row(*of_rule, "", "(no more places are looked for)")
    console = Console(width=WIDTH, highlight=False)
    if found:
        console.print(rows, soft_wrap=True)
        console.print()
    won, method = label(found, settings), settings.resolution.method
    line = f"Label: {won or 'none'}{_why_none(found) if won is None else ''}"
    if method != "majority":
        line += f", by the majority of weights; this configuration resolves by {method}, from a night's messages"
    console.print(Text(line), soft_wrap=True)


def _marked(match: re.Match[str]) -> Text:
    text, (start, end) = match.string, match.span()
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    if start > AROUND:
        before = f"...{before}"
    if end + AROUND < len(text):
        after = f"{after}..."
    pieces = [
        (before, ""),
        ("[[", "bold"),
        (match[0], "bold"),
        ("]]", "bold"),
        (after, ""),
    ]
    return Text.assemble(*((_printable(piece), style) for piece, style in pieces))


def _printable(text: str) -> str:
    """On one line, and nothing that a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def _why_none(found: Found) -> str:
    return ": the rules' weights do not decide" if found else ": no rule matches"
