"""A night's sample, as the night wrote it down."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from nightsieve.nights import find
from pipeline.data.codecs import Json, Table


@dataclass(frozen=True)
class Sample:
    """A night's messages and votes, by its receipts."""

    manifest: dict[str, Any]

    def shards(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Messages and votes of each shard, row by row of the same message."""
        votes = [
            receipt
            for receipt in self.manifest["tasks"]
            if receipt["task"] == "ApplyRules"
        ]
        votes.sort(key=lambda receipt: int(receipt["parameters"]["shard"]))
        for part, receipt in zip(self._parts, votes, strict=True):
            messages, matched = _table(part, "messages"), _table(receipt, "votes")
            yield messages, matched.set_index("key").loc[messages["key"]].reset_index()

    def texts(self, keys: set[str]) -> dict[str, str]:
        """The bodies of these messages, every digit of them masked, without what a terminal would obey."""
        found: dict[str, str] = {}
        for part in self._parts:
            messages = _table(part, "messages")
            chosen = messages[messages["key"].isin(keys)]
            found |= dict(
                zip(
                    chosen["key"],
                    map(_printable, map(masked, chosen["body"])),
                    strict=True,
                )
            )
        return found

    def __len__(self) -> int:
        return sum(part["rows"] for part in self._parts)

    @functools.cached_property
    def _parts(self) -> list[dict[str, Any]]:
        receipt = next(
            receipt
            for receipt in self.manifest["tasks"]
            if receipt["task"] == "IngestMessages"
        )
        return Json().decode(find.content(receipt))["parts"]


def masked(text: str) -> str:
    """The text with a 0 in place of every digit."""
    return re.sub(r"\d", "0", text)


def _table(receipt: dict[str, Any], schema: str) -> pd.DataFrame:
    return Table(schema).decode(find.content(receipt))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
