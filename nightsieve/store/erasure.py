"""Erase messages from the objects of a store: in place, and named by their receipts.

An object and what names its sha256 cannot be written at once. So the receipt is written
first, and then the object. After a kill in between, the object fails its receipt. The
same erasure again makes from this object the one that the receipt names, which proves
that it is the object of before, and writes it.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

from nightsieve.store import layout
from nightsieve.store.objects import (
    RUN_AGAIN,
    DamagedObject,
    Store,
    damage_at,
    has_sha256,
)
from nightsieve.store.receipts import UnsignedReceipt, read_receipt, reseal_receipt
from pipeline.erasure.result import Erasure
from pipeline.errors import ArtefactError
from pipeline.records.receipt import Receipt
from pipeline.records.sample import Part, ShardManifest

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
    >>> from pipeline.erasure import erase_keys
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
    >>> from pipeline.erasure import erase_keys
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
