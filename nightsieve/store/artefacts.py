"""What tasks hand over: objects, each with the receipt that says how it was made."""

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
from pipeline.data.codecs import Codec, RecordJson
from pipeline.errors import ArtefactError
from pipeline.records.receipt import Account, Receipt
from pipeline.records.sample import Part, SampleCounts, ShardManifest


@dataclass(frozen=True)
class Artefact:
    """An object and its codec; beside it is the receipt that says how it was made.

    The receipt is written first, so that whoever sees the object finds its receipt. An
    object that is there already is not written again: a worker that was given up but
    still writes leaves both as they are. A reader whose object fails its receipt reads
    both again, because another process may have replaced them in between.

    One window remains: two workers make the same artefact, their contents differ, and
    both look for the object before either has written it. If one of them dies between
    its receipt and its object, or their writes cross, the object fails its receipt.

    Attributes
    ----------
    replaceable
        Whether another content may follow under the same key, which then names no
        fingerprint. The old object is removed before the new receipt is written: a
        process that is killed in between leaves none, not one that fails its receipt.
        A reader in between finds none either.
    """

    store: Store
    key: str
    codec: Codec
    replaceable: bool = False

    def __str__(self) -> str:
        return self.store.address(self.key)

    def exists(self) -> bool:
        """Return whether the object was written."""
        return self.store.exists(self.key)

    def load(self) -> Any:
        """Return the value.

        Raises
        ------
        ArtefactError
            The object is not what its receipt or its schema says.
        """
        return self._decoded(self.verified_bytes())

    def dump(self, value: Any, account: Account) -> Receipt:
        """Encode the value, then write it with one PUT; see `write`.

        A value that fails its schema, or a crash, leaves no object.

        Parameters
        ----------
        account
            What the task is, and what it took.
        """
        content = self.codec.encode(value)
        return self.write(content, self.codec.rows(value), account)

    def write(self, content: bytes, rows: int | None, account: Account) -> Receipt:
        """Write an encoded value that holds this many rows, after its receipt.

        Returns
        -------
        Receipt
            Of the object that is there in the end, which another worker may have
            written.
        """
        if self.replaceable:
            self.store.delete(self.key)
        elif self.exists():
            return self.receipt()
        receipt = Receipt(
            key=self.key,
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            rows_out=rows,
            **dict(account),
        )
        self.store.write(layout.receipt(self.key), receipt.to_json())
        self.store.write(self.key, content)
        return receipt

    def receipt(self) -> Receipt:
        """Return how the object was made; it is read once.

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
            It is not what was written.
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
        answer = self.store.read_with_etag(self.key)
        if answer is None:
            return None
        if receipt is None or not has_sha256(answer[0], receipt.sha256):
            # Perhaps both were written between the two requests: read them again.
            receipt = self._find_receipt()
            answer = self.store.read_with_etag(self.key)
            if answer is None:
                return None
        if receipt is None:
            raise self._without_receipt()
        self.store.verify(self.key, answer[0], receipt.sha256)
        return answer[0]

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
        with damage_at(self.store.address(key)):
            receipt = Receipt.from_json(answer[0])
            if receipt.key != self.key:
                raise ArtefactError(f"is the receipt of {receipt.key}")
        self.__dict__["_receipt"] = receipt
        return receipt

    def _without_receipt(self) -> DamagedObject:
        return DamagedObject(str(self), "has no receipt", RUN_AGAIN)

    def _decoded(self, content: bytes) -> Any:
        with damage_at(str(self)):
            return self.codec.decode(content)


@dataclass(frozen=True)
class ShardedArtefact(Artefact):
    """Parts, and a manifest of them, which is written last and is the value.

    Attributes
    ----------
    part_codec
        How each part is encoded.
    """

    codec: Codec = field(default=RecordJson(ShardManifest), init=False)
    part_codec: Codec = field(kw_only=True)

    @functools.cached_property
    def manifest(self) -> ShardManifest:
        """The manifest, read once."""
        return self.load()

    def load_shard(self, shard: int) -> Any:
        """Return one part.

        Raises
        ------
        ArtefactError
            It is not what the manifest says.
        """
        part = self.manifest.parts[shard]
        # The manifest says that the sample is there: a part alone never comes back.
        remedy = f"delete {self} and {MAKE_AGAIN}"
        content = self.store.read_verified(part.key, part.sha256, remedy)
        with damage_at(self.store.address(part.key), remedy):
            return self.part_codec.decode(content)

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
            One a part, encoded already.
        rows
            Rows of each file.
        counts
            What the manifest says of the whole.
        """
        parts = []
        for index, (file, count) in enumerate(zip(files, rows, strict=True)):
            parts.append(self._upload(file, index, len(files), count))
        manifest = ShardManifest(parts=tuple(parts), counts=counts)
        return self.write(manifest.to_json(), sum(rows), account)

    def _upload(self, file: Path, index: int, files: int, rows: int) -> Part:
        with file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
            suffix = self.part_codec.suffix
            key = layout.part(self.key, index, files, sha256, suffix)
            self.store.upload(key, content)
        return Part(key=key, rows=rows, bytes=file.stat().st_size, sha256=sha256)
