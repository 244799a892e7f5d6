"""What tasks hand over: objects, each with a receipt that says how it was made."""

import contextlib
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nightsieve.store import layout
from nightsieve.store.objects import (
    MAKE_AGAIN,
    RUN_AGAIN,
    DamagedObject,
    Store,
    damage_at,
    has_sha256,
)
from nightsieve.store.receipts import check_signature, open_receipt_of, seal_receipt
from pipeline.data.codecs import Codec, RecordJson
from pipeline.records.receipt import Account, Receipt
from pipeline.records.sample import Part, SampleCounts, ShardManifest

# The number of digits of a sha256 by which readings are told apart.
_READING_LENGTH = 16


def remove_object(store: Store, key: str) -> None:
    """Remove an object, then its receipt: it is made again when it is needed.

    Examples
    --------
    >>> remove_object(store, "text/cleaned-9f3a.parquet")
    """
    store.delete(key)
    store.delete(layout.receipt(key))


@dataclass(frozen=True)
class Artefact:
    """An object and its codec; beside it is the receipt that says how it was made.

    The receipt is written first: a reader that sees the object finds its receipt too.
    An object that is there already is not written again: a worker that was given up but
    still writes leaves both as they are. A reader whose object fails its receipt reads
    both again, because another process may have replaced them in between.

    One window remains: two workers make the same artefact, their contents differ, and
    both look for the object before either has written it. If one of them dies between
    its receipt and its object, or their writes cross, the object fails its receipt.

    Attributes
    ----------
    codec
        How the object is encoded.
    replaceable
        Whether another content may follow under the same key, which then has no
        fingerprint. The old object is removed before the new receipt is written: a
        process that is killed in between leaves no object, rather than one that fails
        its receipt. A reader in between finds no object either.
    is_reading
        Whether the same task may write another content when it makes the object again,
        because it reads what changes: the database, or which model is current. The
        receipt then names the content, and so do the receipts of all that is made from
        it: see `Account.readings`.

    Examples
    --------
    >>> from pipeline.data.codecs import Json
    >>> account = Account(
    ...     task="CountWords", version=1, date=None, sections=(), parameters={},
    ...     requires=(), rows_in=None, seconds=0.1, peak_memory_mib=64, host="worker-1",
    ... )
    >>> receipt = Artefact(store, "counts/words.json", Json()).dump({"a": 1}, account)
    >>> artefact = Artefact(store, "counts/words.json", Json())
    >>> artefact.load()
    {'a': 1}
    >>> artefact.receipt() == receipt, receipt.bytes
    (True, 13)
    """

    store: Store
    key: str
    codec: Codec
    replaceable: bool = False
    is_reading: bool = False

    def __str__(self) -> str:
        return self.store.address(self.key)

    def exists(self) -> bool:
        """Return whether the object was written."""
        return self.store.exists(self.key)

    def load(self) -> Any:
        """Return the value that the codec decodes.

        Raises
        ------
        ArtefactError
            The object is not what its receipt or its schema says.
        """
        content = self.verified_bytes()
        with damage_at(str(self)):
            return self.codec.decode(content)

    def dump(self, value: Any, account: Account) -> Receipt:
        """Encode the value, then write it with one PUT; see `write`.

        A value that fails its schema, or a crash, leaves no object.

        Parameters
        ----------
        account
            What the task is, and what it cost.
        """
        content = self.codec.encode(value)
        rows = self.codec.rows(value)
        return self.write(content, rows, account)

    def write(self, content: bytes, rows: int | None, account: Account) -> Receipt:
        """Write an encoded value, after its receipt.

        Parameters
        ----------
        rows
            The number of rows that the value holds; None for a value without rows.

        Returns
        -------
        Receipt
            The receipt of the object that is there in the end, which another worker
            may have written.
        """
        if self.replaceable:
            self.store.delete(self.key)
        elif self.exists():
            with contextlib.suppress(DamagedObject):  # then it is written again
                return self.receipt()
        sha256 = hashlib.sha256(content).hexdigest()
        if self.is_reading:
            readings = {**account.readings, self.key: sha256[:_READING_LENGTH]}
            account = account.model_copy(update={"readings": readings})
        receipt = Receipt(
            key=self.key,
            sha256=sha256,
            bytes=len(content),
            rows_out=rows,
            **dict(account),
        )
        self.store.write(layout.receipt(self.key), seal_receipt(receipt))
        self.store.write(self.key, content)
        return receipt

    def receipt(self) -> Receipt:
        """Return the receipt of the object; it is read once.

        Raises
        ------
        ArtefactError
            The receipt is missing or damaged.
        """
        return self._receipt

    def verified_bytes(self) -> bytes:
        """Return the content of the object.

        Raises
        ------
        ArtefactError
            It is missing, or is not what was written.
        """
        content = self.find_verified_bytes()
        if content is None:
            raise self.store.missing(self.key)
        return content

    def find_verified_bytes(self) -> bytes | None:
        """Return the content of the object; None if it is missing.

        Raises
        ------
        ArtefactError
            It is not what was written.
        """
        receipt = self._known_receipt or self._find_receipt()
        content = self._find_content()
        if content is None:
            return None
        if receipt is None or not has_sha256(content, receipt.sha256):
            # Perhaps both were written between the two requests: read them again.
            receipt = self._find_receipt()
            content = self._find_content()
            if content is None:
                return None
        if receipt is None:
            raise self._without_receipt()
        self.store.verify(self.key, content, receipt.sha256)
        return content

    def find_damage(self) -> DamagedObject | None:
        """Return what is wrong with the object as it is in the store now.

        A missing object is not damaged.

        Raises
        ------
        StorageError
            The store does not answer, or refuses; that says nothing of the object.
        UnsignedReceipt
            The receipt is whole, but not signed with our key.
        """
        stored_now = Artefact(self.store, self.key, self.codec)
        try:
            stored_now.find_verified_bytes()
        except DamagedObject as damage:
            return damage
        return None

    def remove(self) -> None:
        """Remove the object, then its receipt: the task that wrote it runs again."""
        remove_object(self.store, self.key)

    def _find_content(self) -> bytes | None:
        answer = self.store.read_with_etag(self.key)
        return None if answer is None else answer[0]

    @property
    def _known_receipt(self) -> Receipt | None:
        """The receipt, if it was read already."""
        return self.__dict__.get("_receipt")

    @functools.cached_property
    def _receipt(self) -> Receipt:
        receipt = self._find_receipt()
        if receipt is None:
            if not self.exists():
                raise self.store.missing(self.key)
            # Perhaps both were written between the two requests.
            receipt = self._find_receipt()
        if receipt is None:
            raise self._without_receipt()
        return receipt

    def _find_receipt(self) -> Receipt | None:
        """Read the receipt and keep it; None if it is missing."""
        key = layout.receipt(self.key)
        answer = self.store.read_with_etag(key)
        if answer is None:
            return None
        address = self.store.address(key)
        receipt, seal = open_receipt_of(self.key, answer[0], address)
        check_signature(receipt, seal, address)
        self.__dict__["_receipt"] = receipt
        return receipt

    def _without_receipt(self) -> DamagedObject:
        return DamagedObject(str(self), "has no receipt", RUN_AGAIN)


@dataclass(frozen=True)
class ShardedArtefact(Artefact):
    """Parts and their manifest, which is the value and is written last.

    Attributes
    ----------
    part_codec
        How each part is encoded.

    Examples
    --------
    >>> import datetime
    >>> from pipeline.data.codecs import Table
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> key = night.receipt("IngestMessages").key
    >>> artefact = ShardedArtefact(store_with_night, key, part_codec=Table("messages"))
    >>> [part.rows for part in artefact.manifest.parts]
    [3, 1]
    >>> list(artefact.load_shard(1)["body"])
    ['See you at 9']
    """

    codec: Codec = field(default=RecordJson(ShardManifest), init=False)
    part_codec: Codec = field(kw_only=True)

    @functools.cached_property
    def manifest(self) -> ShardManifest:
        """The manifest, which is read once."""
        manifest: ShardManifest = self.load()
        return manifest

    def load_shard(self, shard: int) -> Any:
        """Return one part.

        Raises
        ------
        ArtefactError
            The part is not what the manifest says.
        """
        part = self.manifest.parts[shard]
        # The manifest says that the parts are there: without its removal, no night
        # writes this part again.
        remedy = f"delete {self} and {MAKE_AGAIN}"
        content = self.store.read_verified(part.key, part.sha256, remedy)
        with damage_at(self.store.address(part.key), remedy):
            return self.part_codec.decode(content)

    def find_damage(self) -> DamagedObject | None:
        """Return what is wrong with the manifest or a part; see `Artefact`.

        A missing part is damage: the manifest says that it is there.
        """
        damage = super().find_damage()
        if damage is not None:
            return damage
        stored_now = ShardedArtefact(self.store, self.key, part_codec=self.part_codec)
        try:
            content = stored_now.find_verified_bytes()
            if content is not None:
                stored_now.verify_parts(ShardManifest.from_json(content))
        except DamagedObject as part_damage:
            return part_damage
        return None

    def verify_parts(self, manifest: ShardManifest) -> None:
        """Check every part that a manifest names.

        Raises
        ------
        DamagedObject
            A part is missing, or is not what the manifest says.
        """
        for part in manifest.parts:
            self.store.read_verified(part.key, part.sha256)

    def remove(self) -> None:
        """Remove the manifest first, then every part, also one that it did not name."""
        super().remove()
        for key in self.store.list_by_time(layout.parts_of(self.key)):
            self.store.delete(key)

    def dump_parts(
        self,
        files: Sequence[Path],
        rows: Sequence[int],
        counts: SampleCounts,
        account: Account,
    ) -> Receipt:
        """Write the parts, then the manifest that names them.

        Parameters
        ----------
        files
            The file of each part, encoded already.
        rows
            The number of rows in each file.
        counts
            The counts of the whole sample, for the manifest.
        account
            What the task is, and what it cost.
        """
        parts = []
        for index, (file, count) in enumerate(zip(files, rows, strict=True)):
            parts.append(self._upload(file, index, len(files), count))
        manifest = ShardManifest(parts=tuple(parts), counts=counts)
        return self.write(manifest.to_json(), sum(rows), account)

    def _upload(self, file: Path, index: int, n_parts: int, rows: int) -> Part:
        with file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
            suffix = self.part_codec.suffix
            key = layout.part(self.key, index, n_parts, sha256, suffix)
            self.store.upload(key, content)
        return Part(key=key, rows=rows, bytes=file.stat().st_size, sha256=sha256)
