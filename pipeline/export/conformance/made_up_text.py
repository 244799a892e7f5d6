"""A text that was made up, and why."""

from dataclasses import dataclass
from typing import NamedTuple


class Written(NamedTuple):
    """A text of a template, and what tells it from its siblings, in words."""

    text: str
    detail: str = ""


@dataclass(frozen=True)
class MadeUpText:
    """A text, why it is there, and whether a model's self-test should have it."""

    text: str
    why: str
    in_self_test: bool

    def merged_with(self, other: "MadeUpText") -> "MadeUpText":
        """Return this text, which another template wrote too, with both reasons."""
        return MadeUpText(
            text=self.text,
            why=f"{self.why}, {other.why}",
            in_self_test=self.in_self_test or other.in_self_test,
        )
