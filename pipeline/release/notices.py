"""The notices about a night's model."""

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.config.settings import Gate
from pipeline.records.release import (
    Check,
    Decision,
    OutcomeKind,
    Publication,
    outcome_of,
)
from pipeline.records.words import describe_check, name_champion


class Notice(NamedTuple):
    """An event, such as ``refused``, and a text of figures and labels only."""

    event: str
    text: str


def notices(
    date: datetime.date, decision: Decision, publication: Publication
) -> list[Notice]:
    """Return a night's notices: what became of its model, and what drifted.

    No notice is sent for a night that a later night has already superseded.
    """
    outcome = outcome_of(decision, publication)
    if outcome is OutcomeKind.OLDER:
        return []
    sent = [_notice_of(outcome, date, decision, publication)]
    drifted = [check for check in decision.failed if check.kind.is_drift]
    if drifted:
        headline = (
            f"The messages or reviews of {date} differ from those of the published "
            "model's night."
        )
        sent.append(Notice("drift", _list(headline, drifted)))
    return sent


def gate_warnings(gate: Gate, date: datetime.date) -> list[str]:
    """Return warnings about the gate's configuration."""
    if gate.override is None or gate.override.night == date:
        return []
    return [
        f"release.gate.override: names the night of {gate.override.night}, so it "
        "does nothing here; remove it"
    ]


def _notice_of(
    outcome: OutcomeKind,
    date: datetime.date,
    decision: Decision,
    publication: Publication,
) -> Notice:
    model = f"The model of {date}"
    if outcome is OutcomeKind.OVERTAKEN and publication.overtaken is not None:
        return Notice(
            "refused",
            f"{model} was not published: model {publication.overtaken.serial} was "
            "published after it was judged.",
        )
    if outcome is OutcomeKind.REFUSED:
        headline = f"{model} was refused: {_unpublished(decision)}."
        return Notice("refused", _list(headline, decision.failed))
    published = f"{model} was published as model {publication.serial}"
    if decision.future_champion is not None:
        published = f"{published}, in place of {name_champion(decision)}"
    if outcome is OutcomeKind.OVERRIDDEN:
        headline = f"{published}, although checks failed: {decision.override}"
        return Notice("published", _list(headline, decision.failed))
    return Notice("published", f"{published}.")


def _unpublished(decision: Decision) -> str:
    if decision.champion is None:
        return "no model is published yet"
    return f"{name_champion(decision)} stays published"


def _list(headline: str, checks: Iterable[Check]) -> str:
    lines = (f"- {describe_check(check)}" for check in checks)
    return "\n".join([headline, *lines])
