"""The messages and votes of a night, as the night wrote them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pandas as pd

from nightsieve.store.objects import Store, damage_at
from pipeline.data.codecs import Table
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest
from pipeline.records.sample import Part
from pipeline.text.masking import hide_digits


@dataclass(frozen=True)
class NightSample:
    """The sample of a night, read from the store shard by shard.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> sample = NightSample(store_with_night, night)
    >>> len(sample), len(list(sample.shards()))
    (4, 2)
    >>> sample.masked_texts(["4"])
    {'4': 'See you at 0'}
    """

    store: Store
    manifest: RunManifest

    def __len__(self) -> int:
        """Return the number of messages."""
        return sum(part.rows for part in self._parts)

    def shards(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Yield the messages and the votes of each shard, in the same order of rows."""
        receipts = sorted(self.manifest.receipts("ApplyRules"), key=_shard)
        for part, receipt in zip(self._parts, receipts, strict=True):
            messages = self._read(part, "messages")
            votes = self._read(receipt, "votes").set_index("key")
            yield messages, votes.loc[messages["key"]].reset_index()

    def masked_texts(self, keys: Collection[str]) -> dict[str, str]:
        """Return the bodies of messages by their keys, with every digit hidden."""
        texts: dict[str, str] = {}
        for part in self._parts:
            messages = self._read(part, "messages")
            chosen = messages[messages["key"].isin(keys)]
            bodies = map(hide_digits, chosen["body"])
            texts.update(zip(chosen["key"], bodies, strict=True))
        return texts

    @property
    def _parts(self) -> tuple[Part, ...]:
        return self.manifest.results.messages.parts

    def _read(self, written: Part | Receipt, schema: str) -> pd.DataFrame:
        content = self.store.read_verified(written.key, written.sha256)
        with damage_at(self.store.address(written.key)):
            table: pd.DataFrame = Table(schema).decode(content)
        return table


def _shard(receipt: Receipt) -> int:
    return int(receipt.parameters["shard"])
