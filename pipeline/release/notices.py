"""What people are told about a night's model."""

import datetime
from typing import Any

from pipeline.config.settings import Gate

DRIFT_CHECKS = ("messages", "coverage", "share of ", "drift of reviews")


def notices(
    date: str, decision: dict[str, Any], publication: dict[str, Any]
) -> list[tuple[str, str]]:
    """Events, each with its words: ``published`` or ``refused``, and ``drift`` where the night is unlike the last one.

    The words hold figures and names of labels alone. Of a night that a later one went ahead of nothing is told.
    """
    reasons, serial, overtaken = (
        decision["reasons"],
        publication["serial"],
        publication["overtaken"],
    )
    if serial is None and (overtaken["later"] if overtaken else decision["older"]):
        return []
    if overtaken:
        why = f"model {overtaken['serial']} was published after it was judged"
        found = [("refused", f"The model of {date} was not published: {why}.")]
    elif serial is None:
        found = [
            (
                "refused",
                _lines(
                    f"The model of {date} was refused; the published one stays.",
                    reasons,
                ),
            )
        ]
    elif decision["override"]:
        head = f"The model of {date} was published as {serial}, although it failed: {decision['override']}"
        found = [("published", _lines(head, reasons))]
    else:
        found = [("published", f"The model of {date} was published as {serial}.")]
    drifted = [reason for reason in reasons if reason.startswith(DRIFT_CHECKS)]
    if drifted:
        found.append(
            (
                "drift",
                _lines(
                    f"What came in by {date} is unlike what the published model was made of.",
                    drifted,
                ),
            )
        )
    return found


def warnings(gate: Gate, date: datetime.date) -> list[str]:
    """What of the gate's configuration somebody should look at after this night, in words."""
    if gate.override is None or gate.override.night == date:
        return []
    return [
        f"release.gate.override is for the night of {gate.override.night} and overrides nothing here; take it out"
    ]


def _lines(head: str, lines: list[str]) -> str:
    return "\n".join([head, *(f"- {line}" for line in lines)])
