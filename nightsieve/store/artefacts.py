"""What tasks hand over: S3 objects, each with the receipt that says how it was made."""

import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import luigi

from nightsieve.store.objects import store
from pipeline.data.codecs import Codec, Json
from pipeline.errors import ArtefactError

if TYPE_CHECKING:
    from tasks.base import NightTask


class Artefact(luigi.Target):
    """One S3 object, a codec, and the receipt beside it that says how the object was made.

    The receipt is written first, so whoever sees the object finds its receipt.
    """

    def __init__(self, key: str, codec: Codec, task: "NightTask"):
        self.key = key
        self.codec = codec
        self.task = task
        self.reader: NightTask | None = None

    def __str__(self) -> str:
        return store().address(self.key)

    def exists(self) -> bool:
        return store().exists(self.key)

    def load(self) -> Any:
        """The value, counted among the rows that the reading task took in.

        Raises
        ------
        ArtefactError : the object does not hold what its receipt or its schema says.
        """
        content = self.content() if self.codec.trusted_only else store().read(self.key)
        return self._counted(self.codec.decode(content))

    def dump(self, value: Any) -> None:
        """Encode the value, then write it with one PUT: a bad value or a crash leaves no object."""
        content = self.codec.encode(value)
        self._write(content, self.codec.rows(value))

    def content(self) -> bytes:
        """The object's bytes, when they are what was written.

        Raises
        ------
        ArtefactError : they are not.
        """
        content = store().read(self.key)
        self.check(content, self.receipt()["sha256"])
        return content

    def receipt(self) -> dict[str, Any]:
        """What, how large, from how many rows, and at what cost."""
        return json.loads(store().read(self._receipt_key))

    def check(self, content: bytes, sha256: str) -> None:
        """Raise an ArtefactError unless the content has this sha256."""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ArtefactError(
                f"{self}: is not the object that was written; delete it and run the night again"
            )

    @property
    def _receipt_key(self) -> str:
        return f"{self.key}.receipt.json"

    def _counted(self, value: Any) -> Any:
        if self.reader is not None:
            self.reader.rows_in += self.codec.rows(value) or 0
        return value

    def _write(self, content: bytes, rows: int | None) -> None:
        receipt = {
            "key": self.key,
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "rows_out": rows,
            **self.task.account(),
        }
        store().write(self._receipt_key, Json().encode(receipt))
        store().write(self.key, content)
        self.task.finished = True
        self.task.report(receipt, store().url(self.key))


class ShardedArtefact(Artefact):
    """Parts, and a manifest written last that holds their row counts and sha256; the manifest is the value."""

    def __init__(self, key: str, codec: Codec, task: "NightTask"):
        super().__init__(key, Json(), task)
        self.part_codec = codec

    @functools.cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest, read once."""
        return self.load()

    def load_shard(self, shard: int) -> Any:
        """One part, when it is what the manifest says.

        Raises
        ------
        ArtefactError : it is not.
        """
        part = self.manifest["parts"][shard]
        content = store().read(part["key"])
        self.check(content, part["sha256"])
        value = self.part_codec.decode(content)
        if self.reader is not None:
            self.reader.rows_in += part["rows"]
        return value

    def parts(self) -> Iterator[Any]:
        """Every part in turn, one in memory at a time."""
        return (self.load_shard(shard) for shard in range(len(self.manifest["parts"])))

    def dump(self, files: list[Path], rows: list[int], **summary: Any) -> None:
        """Write the files, which are encoded parts already, then the manifest with whatever else it should say."""
        parts = []
        for number, (file, count) in enumerate(zip(files, rows, strict=True)):
            with file.open("rb") as content:
                sha256 = hashlib.file_digest(content, "sha256").hexdigest()
                content.seek(0)
                # Named by its content too: a worker that was given up but still writes cannot replace another's part.
                name = f"part-{number:05d}-of-{len(files):05d}-{sha256[:16]}.{self.part_codec.suffix}"
                key = f"{self.key.removesuffix('.json')}/{name}"
                store().upload(key, content)
            parts.append(
                {
                    "key": key,
                    "rows": count,
                    "bytes": file.stat().st_size,
                    "sha256": sha256,
                }
            )
        self._write(self.codec.encode({"parts": parts, **summary}), sum(rows))
