"""What became of a night's model, in words: the first thing that whoever reads of a night is told."""

from dataclasses import dataclass
from typing import Any

PUBLISHED, OVERRIDDEN, OLDER, OVERTAKEN, REFUSED = (
    "published",
    "overridden",
    "older",
    "overtaken",
    "refused",
)


@dataclass(frozen=True)
class Outcome:
    """What became of the model: its ``kind`` (one of the five above), a sentence, and every check that failed."""

    kind: str
    sentence: str
    reasons: tuple[str, ...]

    @property
    def held_back(self) -> bool:
        """Whether no model of this night or a later one was published for it: somebody should look."""
        return self.kind in (OVERTAKEN, REFUSED)


def outcome(results: dict[str, Any]) -> Outcome:
    """The outcome that the results of a run manifest tell of."""
    decision, serial = results["decision"], results["publication"]["serial"]
    reasons = tuple(decision["reasons"])
    overtaken = results["publication"].get(
        "overtaken"
    )  # not of nights from before there were any
    if serial is None and (overtaken["later"] if overtaken else decision["older"]):
        return Outcome(OLDER, "Not published: the model of a later night is.", ())
    if overtaken:
        found = f"model {overtaken['serial']} was published after this one was judged"
        return Outcome(
            OVERTAKEN,
            f"Not published: {found}. The next night is judged against that.",
            reasons,
        )
    if serial is None:
        return Outcome(REFUSED, "Refused: the published model stays as it is.", reasons)
    if decision["override"]:
        sentence = (
            f"Published as model {serial}, although it failed: {decision['override']}"
        )
        return Outcome(OVERRIDDEN, sentence, reasons)
    against = (
        f"it passed against model {decision['champion']}"
        if decision["champion"]
        else "the first one"
    )
    return Outcome(PUBLISHED, f"Published as model {serial}: {against}.", ())
