"""What became of a night's model, in words: the first thing that whoever reads of a night is told."""

from dataclasses import dataclass
from typing import Any

PUBLISHED, OVERRIDDEN, OLDER, REFUSED = "published", "overridden", "older", "refused"


@dataclass(frozen=True)
class Outcome:
    """What became of the model: its ``kind`` (one of the four above), a sentence, and every check that failed."""

    kind: str
    sentence: str
    reasons: tuple[str, ...]


def outcome(results: dict[str, Any]) -> Outcome:
    """The outcome that the results of a run manifest tell of."""
    decision, serial = results["decision"], results["publication"]["serial"]
    reasons = tuple(decision["reasons"])
    if decision["older"] and serial is None:
        return Outcome(OLDER, "Not published: the model of a later night is.", ())
    if serial is None:
        return Outcome(REFUSED, "Refused: the published model stays as it is.", reasons)
    if decision["override"]:
        sentence = f"Published as model {serial}, although it failed: {decision['override']}"
        return Outcome(OVERRIDDEN, sentence, reasons)
    against = f"it passed against model {decision['champion']}" if decision["champion"] else "the first one"
    return Outcome(PUBLISHED, f"Published as model {serial}: {against}.", ())
