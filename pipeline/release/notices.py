"""What people are told about a night's model."""

from typing import Any

DRIFT_CHECKS = ("messages", "coverage", "share of ", "drift of reviews")


def notices(date: str, decision: dict[str, Any], serial: int | None) -> list[tuple[str, str]]:
    """Events, each with its words: ``published`` or ``refused``, and ``drift`` where the night is unlike the last one.

    The words hold figures and names of labels alone.
    """
    reasons = decision["reasons"]
    if decision["older"] and serial is None:
        return []
    if serial is None:
        found = [("refused", _lines(f"The model of {date} was refused; the published one stays.", reasons))]
    elif decision["override"]:
        head = f"The model of {date} was published as {serial}, although it failed: {decision['override']}"
        found = [("published", _lines(head, reasons))]
    else:
        found = [("published", f"The model of {date} was published as {serial}.")]
    drifted = [reason for reason in reasons if reason.startswith(DRIFT_CHECKS)]
    if drifted:
        found.append(
            ("drift", _lines(f"What came in by {date} is unlike what the published model was made of.", drifted))
        )
    return found


def _lines(head: str, lines: list[str]) -> str:
    return "\n".join([head, *(f"- {line}" for line in lines)])
