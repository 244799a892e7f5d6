"""Erase messages, named by their keys, from the database and from every night.

What is found by a text is erased before the tables that tell the text of a key, and
the run manifests come last. So after a kill at any point, the same call goes on.
"""

import datetime
import functools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from nightsieve.database import erasure as rows_in_database
from nightsieve.database.erasure import ErasedTable
from nightsieve.store import erased_runs, erasure, layout, runs
from nightsieve.store.artefacts import remove_object
from nightsieve.store.erasure import Erase
from nightsieve.store.layout import Run
from nightsieve.store.objects import DamagedObject, Store, damage_at
from pipeline import erasure as contents
from pipeline.erasure.result import Erasure
from pipeline.records.run import RunManifest
from pipeline.records.sample import Part

#: Receives what is done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ErasedObject:
    """An object, and how many of its rows were erased.

    Examples
    --------
    >>> ErasedObject("s3://bucket/a.parquet", rows=1).rows
    1
    """

    address: str
    rows: int


@dataclass
class Forgotten:
    """What was erased, or would be.

    Attributes
    ----------
    tables
        The rows of the database, by table.
    objects
        The objects of the store that held the messages.
    nights
        The runs whose manifest and report say that messages were erased.
    unknown
        The keys that are nowhere.
    sources
        The tables that nights read and Nightsieve does not write.
    removed
        The addresses of damaged objects, which were removed.
    damaged
        What is wrong with other damaged objects, which were left as they are.

    Examples
    --------
    >>> Forgotten(unknown=["41"]).unknown
    ['41']
    """

    tables: list[ErasedTable] = field(default_factory=list)
    objects: list[ErasedObject] = field(default_factory=list)
    nights: list[Run] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def forget_messages(
    store: Store,
    keys: Collection[str],
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Forgotten:
    """Erase messages from the tables that Nightsieve writes, and from the store.

    The database comes first, so that no night reads a message again.

    Parameters
    ----------
    dry_run
        Whether to look only.

    Raises
    ------
    SourceError
        The database cannot be used.
    ConfigError
        The receipts of the store are signed, and this process has no key.

    Examples
    --------
    >>> forgotten = forget_messages(store_with_night, ["4"], dry_run=True)
    >>> [object_.rows for object_ in forgotten.objects]
    [1, 1]
    """
    forgotten = Forgotten()
    erase_rows = rows_in_database.count if dry_run else rows_in_database.erase
    in_database = erase_rows(keys)
    forgotten.tables = in_database.tables
    seen = set(in_database.keys)
    for searched in _stores(store):
        search = _Search(searched, frozenset(keys), forgotten, dry_run, progress)
        search.run()
        seen |= search.keys
    forgotten.unknown = [key for key in dict.fromkeys(keys) if key not in seen]
    return forgotten


def _stores(store: Store) -> Iterator[Store]:
    """Yield the store, and those that killed replays left in it."""
    yield store
    tokens = map(layout.parse_replay, store.last_modified(layout.REPLAYS))
    for token in sorted({token for token in tokens if token is not None}):
        yield Store(store.address(layout.replay(token)))


@dataclass(frozen=True)
class _Night:
    """The date of a finished run, and the keys of the objects of its tasks."""

    date: datetime.date
    keys: frozenset[str]


@dataclass
class _Search:
    """The messages of some keys in one store.

    Attributes
    ----------
    rows
        The number of rows that each table or part has of the messages, by key.
    keys
        The keys that were found.
    texts, bodies
        The cleaned texts and the bodies of the messages in each table or part.
    nights
        The date of each finished run, and the keys of the objects of its tasks.
    """

    store: Store
    wanted: frozenset[str]
    forgotten: Forgotten
    dry_run: bool
    progress: Progress | None
    rows: dict[str, int] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    texts: dict[str, set[str]] = field(default_factory=dict)
    bodies: dict[str, set[str]] = field(default_factory=dict)
    nights: list[_Night] = field(default_factory=list)
    listed: dict[str, list[str]] = field(default_factory=dict)

    def run(self) -> None:
        """Look for the messages, and erase them."""
        self._read_manifests()
        self._look()
        self._erase_from_training_sets()
        self._erase_from_evaluation_sets()
        self._erase_from_comparisons()
        self._erase_from_tables()
        self._erase_from_parts()
        if not self.dry_run:
            self._update_runs()
            self._remove_parts()

    def _show(self, what: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(what, done, total)

    def _read_manifests(self) -> None:
        for run in runs.list_runs(self.store):
            try:
                manifest = runs.find_run(self.store, run)
            except DamagedObject:
                continue  # `_update_runs` tells a damaged one from one of a kill
            if manifest is not None:
                keys = frozenset(receipt.key for receipt in manifest.tasks)
                self.nights.append(_Night(run.date, keys))
                self._note_source(manifest)

    def _note_source(self, manifest: RunManifest) -> None:
        source = manifest.settings.get("source")
        messages = source.get("messages") if isinstance(source, dict) else None
        table = messages.get("table") if isinstance(messages, dict) else None
        sources = self.forgotten.sources
        is_ours = table in rows_in_database.TABLE_NAMES
        if isinstance(table, str) and not is_ours and table not in sources:
            sources.append(table)

    def _look(self) -> None:
        """Find the tables and the parts that have one of the keys."""
        tables = []
        for prefix in (*erasure.KEYED_TABLES, layout.MESSAGES):
            tables += list(erasure.erasable_keys(self.store, prefix))
        for done, key in enumerate(tables):
            self._show("reading", done, len(tables))
            is_manifest = key.startswith(layout.MESSAGES) and not _is_part(key)
            if not is_manifest:
                self._look_into(key)

    def _look_into(self, key: str) -> None:
        answer = self.store.read_with_etag(key)
        if answer is None:
            return
        content = answer[0]
        try:
            with damage_at(self.store.address(key)):
                keys = contents.read_columns(content, "key")["key"]
                is_wanted = keys.isin(self.wanted).to_numpy()
                if not is_wanted.any():
                    return
                for column, by_key in (("text", self.texts), ("body", self.bodies)):
                    if column in _columns_of(key):
                        values = contents.read_columns(content, column)[column]
                        by_key[key] = set(values[is_wanted]) - {""}
        except DamagedObject:
            # It may hold the messages, and no night can use it.
            self._remove(_manifest_or_itself(key))
            if _is_part(key):
                self.rows[key] = 0
            return
        self.rows[key] = int(is_wanted.sum())
        self.keys.update(keys[is_wanted])

    def _erase_from_training_sets(self) -> None:
        for key in self._objects(layout.TRAINING_SETS):
            tables = self._sources(key, layout.CLEANED)
            texts = self._texts_of(tables, self.texts)
            texts -= self._remaining(tables, "text", texts)
            if texts:
                self._erase(key, functools.partial(contents.erase_texts, texts=texts))

    def _erase_from_evaluation_sets(self) -> None:
        for key in self._objects(layout.EVALUATION_SETS):
            parts = self._sources(key, layout.MESSAGES)
            bodies = self._texts_of(parts, self.bodies)
            bodies -= self._remaining(parts, "body", bodies)
            if bodies:
                self._erase(
                    key, functools.partial(contents.erase_bodies, bodies=bodies)
                )

    def _erase_from_comparisons(self) -> None:
        texts: set[str] = set().union(*self.texts.values())
        if not texts:
            return
        dates = {night.date for night in self.nights}
        affected = {
            night.date for night in self.nights if night.keys & self.texts.keys()
        }
        for key in self._objects(layout.COMPARISONS):
            receipt = erasure.find_receipt(self.store, key)
            date = None
            if receipt is not None and receipt.date is not None:
                date = datetime.date.fromisoformat(receipt.date)
            if date not in dates or date in affected:
                self._erase_from_comparison(key, date, texts)

    def _erase_from_comparison(
        self, key: str, date: datetime.date | None, texts: set[str]
    ) -> None:
        if date is not None and not self.dry_run:
            erased_runs.erase_from_reports(self.store, key, date, texts, self._note)
        self._erase(key, functools.partial(contents.erase_shown, texts=texts))

    def _erase_from_tables(self) -> None:
        for prefix, schema in erasure.KEYED_TABLES.items():
            for key in filter(_starts_with(prefix), list(self.rows)):
                erase = functools.partial(
                    contents.erase_keys,
                    schema=schema,
                    keys=self.wanted,
                    origin=erasure.origin_of(self.store, key),
                )
                self._erase(key, erase)

    def _erase_from_parts(self) -> None:
        manifests: dict[str, int] = {}
        for key, rows in self.rows.items():
            part = layout.parse_part(key)
            if part is not None:
                manifests[part.manifest] = manifests.get(part.manifest, 0) + rows
        for key, rows in manifests.items():
            if self.dry_run:
                self._add(key, rows)
            else:
                self._erase(
                    key, erasure.erase_parts(self.store, key, self._erase_from_part)
                )

    def _erase_from_part(self, content: bytes, part: Part) -> Erasure | None:
        part_key = layout.parse_part(part.key)
        assert part_key is not None  # the manifest names parts alone
        erased: Erasure | None = contents.erase_keys(
            content, "messages", self.wanted, part_key.shard
        )
        return erased

    def _update_runs(self) -> None:
        every_run = runs.list_runs(self.store)
        for done, run in enumerate(every_run):
            self._show("updating", done, len(every_run))
            try:
                if erased_runs.update_run(self.store, run) is not None:
                    self.forgotten.nights.append(run)
            except DamagedObject as error:
                self._note(error)

    def _remove_parts(self) -> None:
        """Remove the parts with messages that no manifest names any more."""
        for key in self.rows:
            part = layout.parse_part(key)
            if part is not None:
                erasure.remove_unnamed_part(self.store, key, part.manifest)

    def _objects(self, prefix: str) -> Iterable[str]:
        if not self.rows:
            return
        keys = list(erasure.erasable_keys(self.store, prefix))
        for done, key in enumerate(keys):
            self._show("erasing", done, len(keys))
            yield key

    def _sources(self, key: str, prefix: str) -> list[str]:
        """Return the tables, or the parts, that an object was made from.

        The run manifests say so. A night that was stopped has no manifest, so its
        object may be made from any.
        """
        if prefix not in self.listed:
            self.listed[prefix] = list(erasure.erasable_keys(self.store, prefix))
        every_source = self.listed[prefix]
        keys: set[str] = set()
        for night in self.nights:
            if key in night.keys:
                keys |= night.keys
        if not keys:
            return every_source
        return [
            source for source in every_source if _manifest_or_itself(source) in keys
        ]

    def _texts_of(self, tables: Iterable[str], by_key: dict[str, set[str]]) -> set[str]:
        return {text for table in tables for text in by_key.get(table, ())}

    def _remaining(
        self, tables: Iterable[str], column: str, texts: Collection[str]
    ) -> set[str]:
        """Return the texts that another message has, too."""
        remaining: set[str] = set()
        if not texts:
            return remaining
        for key in tables:
            answer = self.store.read_with_etag(key)
            if answer is None or column not in _columns_of(key):
                continue
            try:
                with damage_at(self.store.address(key)):
                    table = contents.read_columns(answer[0], "key", column)
            except DamagedObject:
                continue  # `_look_into` has removed it, unless this is a dry run
            others = table[~table["key"].isin(self.wanted)]
            remaining.update(others[column][others[column].isin(texts)])
        return remaining

    def _erase(self, key: str, erase: Erase) -> None:
        try:
            if self.dry_run:
                with damage_at(self.store.address(key)):
                    erased = erase(self.store.read(key))
                self._add(key, 0 if erased is None else erased.rows)
            else:
                self._add(key, erasure.rewrite(self.store, key, erase))
        except DamagedObject:
            self._remove(key)

    def _add(self, key: str, rows: int) -> None:
        if rows:
            address = self.store.address(key)
            self.forgotten.objects.append(ErasedObject(address, rows))

    def _remove(self, key: str) -> None:
        if not self.dry_run:
            remove_object(self.store, key)
        self.forgotten.removed.append(self.store.address(key))

    def _note(self, error: DamagedObject) -> None:
        self.forgotten.damaged.append(str(error))


def _is_part(key: str) -> bool:
    return layout.parse_part(key) is not None


def _manifest_or_itself(key: str) -> str:
    part = layout.parse_part(key)
    return key if part is None else part.manifest


def _starts_with(prefix: str) -> Callable[[str], bool]:
    def starts(key: str) -> bool:
        return key.startswith(prefix)

    return starts


def _columns_of(key: str) -> tuple[str, ...]:
    """Return the columns with texts of a table or a part."""
    if key.startswith(layout.CLEANED):
        return ("text",)
    if key.startswith(layout.REVIEWED_MESSAGES):
        return ("text", "body")
    if key.startswith(layout.REVIEWS) or _is_part(key):
        return ("body",)
    return ()
