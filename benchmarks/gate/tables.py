"""The table of thirty nights."""

from collections.abc import Sequence

from benchmarks.gate.records import NightOutcome, ThirtyNightsResult
from benchmarks.gate.scenario import Decision
from benchmarks.harness import markdown
from benchmarks.harness.results import Spread, values


def thirty_nights_tables(result: ThirtyNightsResult) -> str:
    """Return a table with a row for each night."""
    nights = result.nights
    seconds = Spread.of(values(nights, "seconds"))
    introduction = (
        f"{result.corpus}: {nights[0].messages:,} messages on the first night, "
        f"{nights[-1].messages:,} on the last. {_verdict(nights)} Spam F1 is that of "
        f"{result.reviewed:,} reviewed messages, by the reviews as they were before "
        f"anybody poisoned them. A night takes {markdown.spread(seconds)} s."
    )
    header = (
        "night: what happened before it",
        "decision, exit code",
        "what the gate said",
        "current model",
        "spam F1, tonight's",
        "spam F1, current",
    )
    replay = result.replay
    closing = (
        f"Replay of night {replay.night} after night {replay.after}, exit code "
        f"{replay.exit_code}: *{replay.last_line}*."
    )
    return markdown.parts(
        markdown.paragraph(introduction),
        markdown.table(header, [_row(night) for night in nights], text_columns=3),
        markdown.paragraph(closing),
    )


def _row(night: NightOutcome) -> list[str]:
    return [
        f"{night.night}: {_before(night)}",
        f"{_decision(night)}, {night.exit_code}",
        "<br>".join(night.reasons) or "every check passed",
        str(night.current),
        f"{night.tonight_spam_f1:.3f}",
        f"{night.current_spam_f1:.3f}",
    ]


def _before(night: NightOutcome) -> str:
    if night.rollback is None:
        return night.before
    rollback = night.rollback
    return f"{night.before} (model {rollback.model}, which becomes {rollback.serial})"


def _decision(night: NightOutcome) -> str:
    """Return the decision, in bold where it is not the expected one."""
    decision = str(night.decision)
    if night.serial is not None:
        decision += f" as {night.serial}"
    return decision if night.as_expected else f"**{decision}**"


def _verdict(nights: Sequence[NightOutcome]) -> str:
    bad = [night for night in nights if night.expected is Decision.REFUSED]
    good = [night for night in nights if night.expected is not Decision.REFUSED]
    refused = sum(values(bad, "as_expected"))
    published = sum(values(good, "as_expected"))
    return (
        f"{refused} of {len(bad)} nights that should be refused were refused, "
        f"{published} of the {len(good)} others published; what should not be is in "
        "bold."
    )
