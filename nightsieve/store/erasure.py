"""Erase messages from the objects of a store: in place, and named by their receipts.

An object and what names its sha256 cannot be written at once. So the receipt is written
first, and then the object. After a kill in between, the object fails its receipt. The
same erasure again makes from this object the one that the receipt names, which proves
that it is the object of before, and writes it.
"""

# Libraries are imported where they are used: a second run of a finished night imports
# this module, and neither pandas nor numpy.
# ruff: noqa: PLC0415

import datetime
import hashlib
import io
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nightsieve.store import layout
from nightsieve.store.layout import Run
from nightsieve.store.objects import (
    RUN_AGAIN,
    DamagedObject,
    Store,
    damage_at,
    has_sha256,
)
from nightsieve.store.receipts import UnsignedReceipt, read_receipt, reseal_receipt
from pipeline.data.codecs import Npz, Table
from pipeline.errors import ArtefactError
from pipeline.records.receipt import Receipt
from pipeline.records.run import FORMAT, ModelDifference, ReportIndex, RunManifest
from pipeline.records.sample import Part, ShardManifest

if TYPE_CHECKING:
    import pandas as pd

#: The tables that have a row for each message or review, by the prefix of their keys.
#: What tells the text of a key comes last: after a kill, the rest can still be found.
KEYED_TABLES = {
    layout.VOTES: "votes",
    layout.HUMAN_LABELS: "human_labels",
    layout.REVIEWED_MESSAGES: "reviewed_messages",
    layout.CLEANED: "cleaned",
    layout.REVIEWS: "reviews",
}
#: The prefixes of all objects that messages are erased from, except the parts.
ERASABLE = (
    layout.TRAINING_SETS,
    layout.EVALUATION_SETS,
    layout.COMPARISONS,
    *KEYED_TABLES,
    layout.MESSAGES,
)


@dataclass(frozen=True)
class Erasure:
    """The content of an object without some messages.

    Attributes
    ----------
    rows
        The number of rows or documents that were erased.

    Examples
    --------
    >>> Erasure(b"content", rows=1).rows
    1
    """

    content: bytes
    rows: int


#: Returns the content without some messages; None if it has none of them.
Erase: TypeAlias = Callable[[bytes], Erasure | None]
#: Returns what the receipt says of the rows that were erased; it gets the number of
#: rows that are erased now.
Count: TypeAlias = Callable[[Receipt, int], int]


def add_rows(receipt: Receipt, rows: int) -> int:
    """Return the number of erased rows after some more were erased.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> add_rows(night.receipt("IngestMessages"), 2)
    2
    """
    total = receipt.erased + rows
    return total if receipt.rows_out is None else min(total, receipt.rows_out)


def all_rows(receipt: Receipt, rows: int) -> int:
    """Return the number of erased rows after all rows were erased.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> receipt = night.receipt("IngestMessages")
    >>> all_rows(receipt.model_copy(update={"rows_out": 4}), 0)
    4
    """
    all_of_them = rows if receipt.rows_out is None else receipt.rows_out
    return max(receipt.erased, all_of_them)


def rewrite(store: Store, key: str, erase: Erase, count: Count = add_rows) -> int:
    """Erase messages from an object that has a receipt; return the number of rows.

    Parameters
    ----------
    erase
        It must return the same for the same content: see the top of this module.
    count
        What the receipt says afterwards.

    Raises
    ------
    DamagedObject
        The object is not what was written.
    ConfigError
        The receipt is signed, and this process has no key.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> from nightsieve.store.artefacts import Artefact
    >>> from pipeline.data.codecs import Table
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> key = night.receipts("ApplyRules")[0].key
    >>> def erase(content):
    ...     return erase_keys(content, "votes", {"2"}, origin=0)
    >>> rewrite(store_with_night, key, erase), rewrite(store_with_night, key, erase)
    (1, 0)
    >>> votes = Artefact(store_with_night, key, Table("votes"))
    >>> votes.load()["key"].tolist(), votes.receipt().erased
    (['1', 'erased-0-1', '3'], 1)
    """
    answer = store.read_with_etag(key)
    if answer is None:
        return 0
    content = answer[0]
    sealed, receipt = _read_receipt(store, key)
    if not has_sha256(content, receipt.sha256):
        # Perhaps both were written between the two requests: read them again.
        sealed, receipt = _read_receipt(store, key)
        content = store.read(key)
    with damage_at(store.address(key)):
        erasure = erase(content)
    if not has_sha256(content, receipt.sha256):
        if erasure is None or not has_sha256(erasure.content, receipt.sha256):
            raise DamagedObject(
                store.address(key), "is not the object that was written", RUN_AGAIN
            )
        store.write(key, erasure.content)
        return erasure.rows
    if erasure is None:
        erasure = Erasure(content, rows=0)
    changes: dict[str, str | int] = {
        "sha256": hashlib.sha256(erasure.content).hexdigest(),
        "bytes": len(erasure.content),
        "erased": count(receipt, erasure.rows),
    }
    resealed = reseal_receipt(sealed, changes)
    if resealed != sealed:
        store.write(layout.receipt(key), resealed)
    if erasure.content != content:
        store.write(key, erasure.content)
    return erasure.rows


def find_receipt(store: Store, key: str) -> Receipt | None:
    """Return the receipt of an object, signed or not; None if it is missing or damaged.

    Examples
    --------
    >>> find_receipt(store, "text/cleaned-9f3a.parquet") is None
    True
    """
    try:
        return _read_receipt(store, key)[1]
    except DamagedObject:
        return None


def erasable_keys(store: Store, prefix: str) -> Iterator[str]:
    """Yield the keys that begin with a prefix, in order, except those of receipts.

    Examples
    --------
    >>> list(erasable_keys(store_with_night, "ingest/messages-"))[:1]
    ['ingest/messages-9f3a.json']
    """
    for key in sorted(store.last_modified(prefix)):
        if not layout.is_receipt(key):
            yield key


def origin_of(store: Store, key: str) -> str:
    """Return where the rows of a table come from: their shard, else ``review``.

    Examples
    --------
    >>> origin_of(store, "ingest/reviews-9f3a.parquet")
    'review'
    """
    part = layout.parse_part(key)
    if part is not None:
        return str(part.shard)
    receipt = find_receipt(store, key)
    parameters = {} if receipt is None else receipt.parameters
    return parameters.get("shard", "review")


def read_columns(content: bytes, *columns: str) -> "pd.DataFrame":
    """Return some columns of a table.

    Examples
    --------
    >>> import pandas as pd
    >>> cleaned = pd.DataFrame({"key": ["1"], "text": ["win"]}).astype("str")
    >>> read_columns(Table("cleaned").encode(cleaned), "key")["key"].tolist()
    ['1']
    """
    import pandas as pd

    return pd.read_parquet(io.BytesIO(content), columns=list(columns))


def erase_keys(
    content: bytes, schema: str, keys: Collection[str], origin: str | int
) -> Erasure | None:
    """Erase the rows of some keys from a table, and the keys.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"key": ["1", "2"], "text": ["win", "hi"]}).astype("str")
    >>> erasure = erase_keys(Table("cleaned").encode(table), "cleaned", {"1"}, 0)
    >>> Table("cleaned").decode(erasure.content).values.tolist()
    [['erased-0-0', ''], ['2', 'hi']]
    """
    from pipeline.text import erasure

    codec = Table(schema)
    table = codec.decode(content)
    is_erased = table["key"].isin(keys).to_numpy()
    if not is_erased.any():
        return None
    erased = erasure.erase_keys(erasure.erase_rows(table, is_erased), is_erased, origin)
    return Erasure(codec.encode(erased), rows=int(is_erased.sum()))


def erase_table(content: bytes, schema: str) -> Erasure | None:
    """Erase the messages from every row of a table; the keys stay.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"key": ["1"], "text": ["win"]}).astype("str")
    >>> erasure = erase_table(Table("cleaned").encode(table), "cleaned")
    >>> Table("cleaned").decode(erasure.content).values.tolist()
    [['1', '']]
    """
    from pipeline.text import erasure

    codec = Table(schema)
    table = codec.decode(content)
    is_erased = erasure.holds_messages(table)
    if not is_erased.any():
        return None
    erased = erasure.erase_rows(table, is_erased)
    return Erasure(codec.encode(erased), rows=int(is_erased.sum()))


def erase_bodies(content: bytes, bodies: Collection[str]) -> Erasure | None:
    """Erase the rows of these bodies from an evaluation set.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"text": ["win"], "body": ["Win!"], "label": ["spam"]})
    >>> codec = Table("evaluation_set")
    >>> content = codec.encode(table.astype("str").assign(weight=1))
    >>> codec.decode(erase_bodies(content, {"Win!"}).content)["body"].tolist()
    ['']
    """
    from pipeline.text import erasure

    codec = Table("evaluation_set")
    table = codec.decode(content)
    is_erased = table["body"].isin(bodies).to_numpy() & erasure.holds_messages(table)
    if not is_erased.any():
        return None
    erased = erasure.erase_rows(table, is_erased)
    return Erasure(codec.encode(erased), rows=int(is_erased.sum()))


def erase_texts(content: bytes, texts: Collection[str] | None) -> Erasure | None:
    """Erase the documents of these cleaned texts from a training set.

    Parameters
    ----------
    texts
        None for all of them.

    Examples
    --------
    >>> import numpy as np
    >>> from pipeline.data.training_set import TrainingSet
    >>> training_set = TrainingSet(
    ...     labels=("spam",), vocabulary=("win",), y=np.array([0]),
    ...     weight=np.array([1]), label_weight=np.array([1.0]), group=np.array([0]),
    ...     tokens=np.array([0], dtype=np.int32), offsets=np.array([0, 1]),
    ... )
    >>> erase_texts(Npz().encode(training_set), {"win"}).rows
    1
    """
    import numpy as np

    from pipeline.text import erasure

    codec = Npz()
    training_set = codec.decode(content)
    if texts is None:
        is_erased = np.diff(training_set.offsets) > 0
    else:
        is_erased = erasure.documents_with(training_set, texts)
    if not is_erased.any():
        return None
    erased = erasure.erase_documents(training_set, is_erased)
    return Erasure(codec.encode(erased), rows=int(is_erased.sum()))


def shown_texts(content: bytes, texts: Collection[str] | None) -> tuple[str, ...]:
    """Return the masked messages in a comparison that may be one of these texts.

    Parameters
    ----------
    texts
        Cleaned texts; None for every message.

    Examples
    --------
    >>> from pipeline.records.run import ModelDifference
    >>> comparison = ModelDifference(
    ...     champion=None, texts=0, messages=0, changed=0, terms={}, moved=(),
    ...     churned=(),
    ... )
    >>> shown_texts(comparison.to_json(), None)
    ()
    """
    from pipeline.text import erasure

    comparison = ModelDifference.from_json(content)
    return tuple(shown.text for shown in erasure.shown_texts(comparison, texts))


def erase_shown(content: bytes, texts: Collection[str] | None) -> Erasure | None:
    """Erase the masked messages from a comparison that may be one of these texts.

    Examples
    --------
    >>> from pipeline.records.run import ModelDifference
    >>> comparison = ModelDifference(
    ...     champion=None, texts=0, messages=0, changed=0, terms={}, moved=(),
    ...     churned=(),
    ... )
    >>> erase_shown(comparison.to_json(), None) is None
    True
    """
    from pipeline.text import erasure

    comparison = ModelDifference.from_json(content)
    shown = erasure.shown_texts(comparison, texts)
    if not shown:
        return None
    kept = tuple(text for text in comparison.churned if text not in shown)
    erased = comparison.model_copy(update={"churned": kept})
    return Erasure(erased.to_json(), rows=len(shown))


def erase_parts(
    store: Store, manifest_key: str, erase: Callable[[bytes, Part], Erasure | None]
) -> Erase:
    """Return a function that erases messages from the parts that a manifest names.

    It writes each changed part under a key of its own, for the manifest to name. The
    parts of before stay until `remove_parts`.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> key = night.receipt("IngestMessages").key
    >>> def erase(content, part):
    ...     return erase_keys(content, "messages", {"4"}, origin=1)
    >>> rewrite(store_with_night, key, erase_parts(store_with_night, key, erase))
    1
    >>> manifest = ShardManifest.from_json(store_with_night.read(key))
    >>> len(remove_parts(store_with_night, key, manifest))
    1
    """

    def erase_from_manifest(content: bytes) -> Erasure | None:
        manifest = ShardManifest.from_json(content)
        parts = []
        rows = 0
        for index, part in enumerate(manifest.parts):
            erasure = erase(store.read_verified(part.key, part.sha256), part)
            if erasure is None:
                parts.append(part)
                continue
            rows += erasure.rows
            parts.append(_write_part(store, manifest_key, manifest, index, erasure))
        if not rows:
            return None
        erased = manifest.model_copy(update={"parts": tuple(parts)})
        return Erasure(erased.to_json(), rows)

    return erase_from_manifest


def remove_parts(
    store: Store, manifest_key: str, manifest: ShardManifest | None
) -> list[str]:
    """Remove the parts that the manifest does not name; return their keys.

    Parameters
    ----------
    manifest
        None if there is no manifest: a killed ingest left the parts.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> key = night.receipt("IngestMessages").key
    >>> len(remove_parts(store_with_night, key, None))
    2
    """
    named = set() if manifest is None else {part.key for part in manifest.parts}
    removed = []
    for key in store.last_modified(layout.parts_of(manifest_key)):
        if key not in named:
            store.delete(key)
            removed.append(key)
    return removed


def remove_unnamed_part(store: Store, key: str, manifest_key: str) -> None:
    """Remove a part if its manifest does not name it, or is missing or damaged.

    Examples
    --------
    >>> key = "ingest/messages-9f3a/part-00000-of-00001-abababababababab.parquet"
    >>> store_with_night.write(key, b"of a killed ingest")
    >>> remove_unnamed_part(store_with_night, key, "ingest/messages-9f3a.json")
    >>> store_with_night.exists(key)
    False
    """
    manifest = find_shard_manifest(store, manifest_key)
    named = [] if manifest is None else [part.key for part in manifest.parts]
    if key not in named:
        store.delete(key)


def find_shard_manifest(store: Store, key: str) -> ShardManifest | None:
    """Return the manifest of parts; None if it is missing or damaged.

    Examples
    --------
    >>> len(find_shard_manifest(store_with_night, "ingest/messages-9f3a.json").parts)
    2
    """
    answer = store.read_with_etag(key)
    receipt = find_receipt(store, key)
    if answer is None or receipt is None or not has_sha256(answer[0], receipt.sha256):
        return None
    return ShardManifest.from_json(answer[0])


def update_run(store: Store, run: Run) -> int | None:
    """Write into a run manifest what was erased from the objects of its night.

    Returns
    -------
    int or None
        The number of erased messages of the night, if the manifest has changed.

    Raises
    ------
    DamagedObject
        The run manifest is not what was written.

    Examples
    --------
    >>> from nightsieve.store.runs import list_runs
    >>> update_run(store_with_night, list_runs(store_with_night)[0]) is None
    True
    """
    key = layout.run(*run)
    answer = store.read_with_etag(key)
    if answer is None:
        return None
    with damage_at(store.address(key)):
        updated = _updated(store, answer[0])
    if updated is None:
        return None

    def erase(content: bytes) -> Erasure | None:
        manifest = _updated(store, content)
        return None if manifest is None else Erasure(manifest.to_json(), updated.erased)

    # The manifest comes last: it says that the night needs no more work.
    rewrite_report(store, run, (), updated.erased)
    rewrite(store, key, erase, _at_least)
    return updated.erased


def rewrite_report(
    store: Store, run: Run, shown: Collection[str], erased: int = 0
) -> bool:
    """Erase masked messages from the report of a run; return whether it has changed.

    Parameters
    ----------
    shown
        The masked messages.
    erased
        The number of erased messages of the night, which the report says; 0 leaves what
        it says.

    Raises
    ------
    DamagedObject
        The report is not what was written.

    Examples
    --------
    >>> from nightsieve.store.runs import list_runs
    >>> (run,) = list_runs(store_with_night)
    >>> rewrite_report(store_with_night, run, shown=["██ code ██"])
    False
    """
    from pipeline import report

    page_key = layout.report_file(*run, layout.PAGE)
    index_key = layout.report_index(*run)
    answer = store.read_with_etag(page_key)
    if answer is None:
        return False
    page = answer[0]
    new_page: bytes = report.erase_from_page(page, shown, erased)

    def erase(content: bytes) -> Erasure | None:
        index = ReportIndex.from_json(content)
        named = index.files.get(layout.PAGE, "")
        if has_sha256(new_page, named):
            return None
        if not has_sha256(page, named):
            store.verify(page_key, page, named)
        sha256 = hashlib.sha256(new_page).hexdigest()
        files = {**index.files, layout.PAGE: sha256}
        changed = index.model_copy(update={"files": files})
        return Erasure(changed.to_json(), rows=len(shown))

    # Without an index, a night was stopped: its next run writes the page again.
    rewrite(store, index_key, erase, _at_least if erased else add_rows)
    if new_page != page:
        store.write(page_key, new_page)
    return new_page != page


def erase_from_reports(
    store: Store,
    comparison: str,
    date: datetime.date,
    texts: Collection[str] | None,
    note: Callable[[DamagedObject], None],
) -> None:
    """Erase from the reports of a date the masked messages that a comparison shows.

    Parameters
    ----------
    comparison
        The key of the comparison, which is left as it is.
    texts
        Cleaned texts; None for every message.
    note
        Receives each damaged object.

    Examples
    --------
    >>> date = datetime.date(2026, 11, 20)
    >>> key = "report/comparison-9f3a.json"
    >>> erase_from_reports(store_with_night, key, date, texts=None, note=print)
    """
    answer = store.read_with_etag(comparison)
    if answer is None:
        return
    try:
        with damage_at(store.address(comparison)):
            shown = shown_texts(answer[0], texts)
    except DamagedObject:
        return  # it is removed later
    if not shown:
        return
    for key in store.last_modified(layout.reports_of(date)):
        run = layout.parse_report_index(key)
        if run is not None:
            try:
                rewrite_report(store, run, shown)
            except DamagedObject as error:
                note(error)


def _at_least(receipt: Receipt, rows: int) -> int:
    return max(receipt.erased, rows)


def _updated(store: Store, content: bytes) -> RunManifest | None:
    """Return a run manifest with the receipts of today; None if they are in it.

    A manifest of an earlier version is left alone: its night must run again.
    """
    if json.loads(content).get("format") != FORMAT:
        return None
    manifest = RunManifest.from_json(content)
    results = manifest.results
    tasks = []
    for receipt in manifest.tasks:
        current = None
        if receipt.key.startswith(ERASABLE):
            current = find_receipt(store, receipt.key)
        if current is not None and current.erased > receipt.erased:
            tasks.append(current)
            if receipt.key.startswith(layout.MESSAGES):
                messages = find_shard_manifest(store, receipt.key) or results.messages
                results = results.model_copy(update={"messages": messages})
        else:
            tasks.append(receipt)
    if tuple(tasks) == manifest.tasks:
        return None
    return manifest.model_copy(update={"tasks": tuple(tasks), "results": results})


def _read_receipt(store: Store, key: str) -> tuple[bytes, Receipt]:
    """Return the receipt of an object, as it is stored and decoded.

    Raises
    ------
    DamagedObject
        It is missing or damaged.
    """
    receipt_key = layout.receipt(key)
    answer = store.read_with_etag(receipt_key)
    if answer is None:
        raise DamagedObject(store.address(key), "has no receipt", RUN_AGAIN)
    address = store.address(receipt_key)
    try:
        receipt = read_receipt(answer[0])
    except UnsignedReceipt:  # of another key: perhaps ours is the wrong one
        raise
    except ArtefactError as error:
        raise DamagedObject(address, str(error), RUN_AGAIN) from None
    if receipt.key != key:
        problem = f"is the receipt of {receipt.key}"
        raise DamagedObject(address, problem, RUN_AGAIN)
    return answer[0], receipt


def _write_part(
    store: Store,
    manifest_key: str,
    manifest: ShardManifest,
    index: int,
    erasure: Erasure,
) -> Part:
    """Write a part under a key of its own, and return what the manifest says of it."""
    content = erasure.content
    sha256 = hashlib.sha256(content).hexdigest()
    suffix = manifest.parts[index].key.rpartition(".")[2]
    key = layout.part(manifest_key, index, len(manifest.parts), sha256, suffix)
    store.write(key, content)
    return Part(
        key=key, rows=manifest.parts[index].rows, bytes=len(content), sha256=sha256
    )
