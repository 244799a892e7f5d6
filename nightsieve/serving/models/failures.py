"""Why the newest model is not served."""

import datetime
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """What stands between the newest model and its being served.

    Attributes
    ----------
    UNREACHABLE
        The store does not answer, or refuses.
    UNPUBLISHED
        The store names no current model.
    DAMAGED
        The pointer, the entry or a file is missing, or is not what was written.
    UNSUPPORTED
        The scorer does not understand the model, or its self-test fails.
    DEFECT
        This service has a defect.
    """

    UNREACHABLE = "unreachable"
    UNPUBLISHED = "unpublished"
    DAMAGED = "damaged"
    UNSUPPORTED = "unsupported"
    DEFECT = "defect"


_WORDS = {
    Reason.UNREACHABLE: "the store does not answer",
    Reason.UNPUBLISHED: "no model is published",
    Reason.DAMAGED: "the newest model is damaged",
    Reason.UNSUPPORTED: "this service cannot read the newest model",
    Reason.DEFECT: "the service has a defect",
}


@dataclass(frozen=True)
class Failure:
    """Why the newest model is not served, and since when.

    Attributes
    ----------
    serial
        That of the newest model; None if the pointer does not say it.
    """

    reason: Reason
    serial: int | None
    since: datetime.datetime

    @property
    def words(self) -> str:
        """What is wrong, for clients: the log says where."""
        return _WORDS[self.reason]

    def is_like(self, other: "Failure | None") -> bool:
        """Return whether both are the same, whenever they began."""
        if other is None:
            return False
        return self.reason == other.reason and self.serial == other.serial
