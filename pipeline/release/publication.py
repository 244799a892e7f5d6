"""Decisions that come too late: another model was published after they were made."""

from typing import Any


def overtaken(
    date: str, decision: dict[str, Any], current: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The model that was published since: its ``serial``, its ``date``, and whether that is a ``later`` night's.

    None where the decision can still be carried out, or was to publish nothing. Serials only ascend: if the current one
    is the decision's champion, nothing was published in between.

    Parameters
    ----------
    date : of the night that was decided.
    current : the registry's entry of the current model; None before the first publication, or if that is the night's.
    """
    if (
        not decision["publish"]
        or current is None
        or current["serial"] == decision["champion"]
    ):
        return None
    return {
        "serial": current["serial"],
        "date": current["date"],
        "later": current["date"] > date,
    }
