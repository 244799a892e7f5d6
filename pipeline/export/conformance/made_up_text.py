"""A made-up text, and its purpose."""

from dataclasses import dataclass
from typing import NamedTuple


class Written(NamedTuple):
    """A text of a template, and how it differs from the template's other texts."""

    text: str
    detail: str = ""


@dataclass(frozen=True)
class MadeUpText:
    """A text, its purpose, and whether a model's self-test should have it."""

    text: str
    why: str
    in_self_test: bool

    def merged_with(self, other: "MadeUpText") -> "MadeUpText":
        """Return the text, which another template wrote too, with both purposes."""
        return MadeUpText(
            text=self.text,
            why=f"{self.why}, {other.why}",
            in_self_test=self.in_self_test or other.in_self_test,
        )
