"""Erase the messages of old nights: ``release.keep.messages_days``.

Keys and votes stay; bodies, cleaned texts, senders and times go. The run manifest of a
night is written last, so after a kill the next night goes on.
"""

import contextlib
import datetime
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

from nightsieve.store import erased_runs, erasure, layout, runs
from nightsieve.store.artefacts import remove_object
from nightsieve.store.erasure import Count, Erase
from nightsieve.store.layout import Run
from nightsieve.store.objects import DamagedObject, Store
from nightsieve.store.receipts import UnsignedReceipt
from pipeline import erasure as contents
from pipeline.erasure.result import Erasure
from pipeline.errors import ArtefactError
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest
from pipeline.records.sample import Part

# Tables that hold no message.
_KEYS_ALONE = (layout.VOTES, layout.HUMAN_LABELS)
_WITH_MESSAGES = tuple(
    prefix for prefix in erasure.ERASABLE if prefix not in _KEYS_ALONE
)


@dataclass
class Retention:
    """What was erased.

    Attributes
    ----------
    nights
        The runs whose messages were erased.
    problems
        Damaged objects, and what was done about them, a line each.

    Examples
    --------
    >>> Retention().nights
    []
    """

    nights: list[Run] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def erase_old_messages(
    store: Store, night: datetime.date, days: int | None
) -> Retention:
    """Erase the messages of nights that are more than some days before a night.

    What nights left that were killed is erased too, when it is that old.

    Parameters
    ----------
    night
        The night that is at work. Its own objects stay.
    days
        None to keep messages for ever.

    Examples
    --------
    >>> night = datetime.date(2026, 11, 20)
    >>> erase_old_messages(store_with_night, night, days=7).nights
    []
    >>> later = datetime.date(2026, 11, 28)
    >>> [str(run.date) for run in erase_old_messages(store_with_night, later, 7).nights]
    ['2026-11-20']
    >>> erase_old_messages(store_with_night, later, days=7).nights
    []
    """
    retention = Retention()
    if days is not None:
        first_kept = night - datetime.timedelta(days=days)
        work = _Work(store, first_kept, retention)
        work.erase_finished()
        work.erase_left_behind(days)
    return retention


@dataclass
class _Work:
    """The old messages of one store.

    Attributes
    ----------
    first_kept
        The date of the first night that keeps its messages.
    named
        The keys that old run manifests name.
    known_dates
        The dates of the old nights that have a run manifest.
    dates
        Those of them whose messages are erased now.
    """

    store: Store
    first_kept: datetime.date
    retention: Retention
    named: set[str] = field(default_factory=set)
    known_dates: set[datetime.date] = field(default_factory=set)
    dates: set[datetime.date] = field(default_factory=set)

    def erase_finished(self) -> None:
        """Erase the messages of the old nights that have a run manifest."""
        old = [run for run in runs.list_runs(self.store) if run.date < self.first_kept]
        unfinished = dict(self._with_messages(old))
        self.dates = {run.date for run in unfinished}
        self._erase_comparisons()
        for run, manifest in unfinished.items():
            with self._noting():
                for key in _keys_with_messages(manifest):
                    self._erase(key)
                for receipt in manifest.receipts("IngestMessages"):
                    self._remove_parts(receipt.key)
                erased_runs.update_run(self.store, run)
                self.retention.nights.append(run)

    def erase_left_behind(self, days: int) -> None:
        """Erase what killed nights and killed replays left more than some days ago."""
        moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
        for prefix in _WITH_MESSAGES:
            if prefix == layout.COMPARISONS:
                continue
            for key in _older_than(self.store, prefix, moment):
                with self._noting():
                    self._erase_left_object(key)
        for key in _older_than(self.store, layout.REPLAYS, moment):
            self.store.delete(key)

    def _erase_left_object(self, key: str) -> None:
        part = layout.parse_part(key)
        if part is not None:
            self._remove_left_part(key, part.manifest)
        elif key not in self.named and not self._is_erased(key):
            self._erase(key)

    def _with_messages(self, old: list[Run]) -> Iterator[tuple[Run, RunManifest]]:
        """Yield the runs that have messages, with their manifests."""
        for run in old:
            with self._noting():
                manifest = self._find_run(run)
                if manifest is None:
                    continue
                self.known_dates.add(run.date)
                self.named.update(receipt.key for receipt in manifest.tasks)
                parts = manifest.results.messages.parts
                self.named.update(part.key for part in parts)
                receipts = [
                    receipt
                    for receipt in manifest.tasks
                    if receipt.key.startswith(_WITH_MESSAGES)
                ]
                if not all(map(_is_empty, receipts)):
                    yield run, manifest

    def _find_run(self, run: Run) -> RunManifest | None:
        """Return a run manifest, which may have to be completed after a kill."""
        try:
            return runs.find_run(self.store, run)
        except DamagedObject:
            erased_runs.update_run(self.store, run)
            return runs.find_run(self.store, run)

    def _erase_comparisons(self) -> None:
        if not self.dates:
            return
        for key in list(erasure.erasable_keys(self.store, layout.COMPARISONS)):
            with self._noting():
                self._erase_comparison(key)

    def _erase_comparison(self, key: str) -> None:
        receipt = erasure.find_receipt(self.store, key)
        if receipt is None or receipt.date is None:
            return
        date = datetime.date.fromisoformat(receipt.date)
        is_left_behind = date < self.first_kept and date not in self.known_dates
        if date in self.dates or is_left_behind:
            erased_runs.erase_from_reports(self.store, key, date, None, self._note)
            self._erase(key)

    def _erase(self, key: str) -> None:
        try:
            erasure.rewrite(self.store, key, _erase_of(self.store, key), _count_of(key))
        except DamagedObject as error:
            remove_object(self.store, key)
            self.retention.problems.append(f"{error}; it was removed")
            self._remove_parts(key)

    def _remove_parts(self, key: str) -> None:
        if key.startswith(layout.MESSAGES):
            manifest = erasure.find_shard_manifest(self.store, key)
            erasure.remove_parts(self.store, key, manifest)

    def _remove_left_part(self, key: str, manifest_key: str) -> None:
        """Remove a part that no manifest names: a killed ingest left it."""
        if key not in self.named:
            erasure.remove_unnamed_part(self.store, key, manifest_key)

    def _is_erased(self, key: str) -> bool:
        receipt = erasure.find_receipt(self.store, key)
        return receipt is not None and _is_empty(receipt)

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """Note an object that cannot be used, and go on."""
        try:
            yield
        except (DamagedObject, UnsignedReceipt) as error:
            self._note(error)

    def _note(self, error: ArtefactError) -> None:
        self.retention.problems.append(str(error))


def _is_empty(receipt: Receipt) -> bool:
    """Return whether every row of an object was erased."""
    return receipt.erased >= (1 if receipt.rows_out is None else receipt.rows_out)


def _keys_with_messages(manifest: RunManifest) -> list[str]:
    """Return the keys of the objects that hold messages, the messages themselves last.

    From them the others can be made again.
    """
    keys = []
    for prefix in _WITH_MESSAGES:
        keys += [
            receipt.key for receipt in manifest.tasks if receipt.key.startswith(prefix)
        ]
    return keys


def _erase_of(store: Store, key: str) -> Erase:
    """Return the function that erases every message from an object."""
    if key.startswith(layout.TRAINING_SETS):
        return functools.partial(contents.erase_texts, texts=None)
    if key.startswith(layout.COMPARISONS):
        return functools.partial(contents.erase_shown, texts=None)
    if key.startswith(layout.MESSAGES):
        return erasure.erase_parts(store, key, _erase_part)
    if key.startswith(layout.EVALUATION_SETS):
        return functools.partial(contents.erase_table, schema="evaluation_set")
    for prefix, schema in erasure.KEYED_TABLES.items():
        if key.startswith(prefix):
            return functools.partial(contents.erase_table, schema=schema)
    raise LookupError(key)


def _erase_part(content: bytes, _: Part) -> Erasure | None:
    erased: Erasure | None = contents.erase_table(content, "messages")
    return erased


def _count_of(key: str) -> Count:
    is_table = not key.startswith(layout.COMPARISONS)
    return erasure.all_rows if is_table else erasure.add_rows


def _older_than(store: Store, prefix: str, moment: datetime.datetime) -> list[str]:
    modified = store.last_modified(prefix)
    return [
        key
        for key, written in modified.items()
        if written < moment and not layout.is_receipt(key)
    ]
