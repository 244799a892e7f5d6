"""Codecs turn a value into the bytes of an S3 object and back.

Equal values give equal bytes.
"""

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.records.record import Record

if TYPE_CHECKING:
    from pipeline.data.training_set import TrainingSet


class Codec:
    """How one kind of value is written and read.

    Attributes
    ----------
    suffix
        Of the file.
    trusted_only
        Whether reading runs code, so that the reader must check the sha256 first.
    """

    suffix: str
    trusted_only = False

    def encode(self, value: Any) -> bytes:
        raise NotImplementedError

    def decode(self, content: bytes) -> Any:
        raise NotImplementedError

    def rows(self, value: Any) -> int | None:
        """Return the messages or documents that the value holds; None for other values."""
        return None


@dataclass(frozen=True)
class Table(Codec):
    """A table as Parquet, checked against the schema of that name both times."""

    schema: str
    suffix = "parquet"

    def encode(self, value: Any) -> bytes:
        from pipeline.data import schemas

        buffer = io.BytesIO()
        schemas.check(value, self.schema).to_parquet(
            buffer, index=False, compression="zstd"
        )
        return buffer.getvalue()

    def decode(self, content: bytes) -> Any:
        import pandas as pd

        from pipeline.data import schemas

        return schemas.check(pd.read_parquet(io.BytesIO(content)), self.schema)

    def rows(self, value: Any) -> int:
        return len(value)


class Json(Codec):
    """A JSON value, indented for the person who opens it."""

    suffix = "json"

    def encode(self, value: Any) -> bytes:
        return (
            json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        ).encode()

    def decode(self, content: bytes) -> Any:
        return json.loads(content)


class RecordJson(Codec):
    """A record of one type as JSON."""

    suffix = "json"

    def __init__(self, record: type[Record]):
        self.record = record

    def encode(self, value: Record) -> bytes:
        return value.to_json()

    def decode(self, content: bytes) -> Record:
        return self.record.from_json(content)


class Raw(Codec):
    """Bytes that are a file of their own already."""

    def __init__(self, suffix: str, trusted_only: bool = False):
        self.suffix, self.trusted_only = suffix, trusted_only

    def encode(self, value: bytes) -> bytes:
        return value

    def decode(self, content: bytes) -> bytes:
        return content


class Npz(Codec):
    """A `TrainingSet` as compressed numpy arrays."""

    suffix = "npz"

    def encode(self, value: "TrainingSet") -> bytes:
        import numpy as np

        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **value.to_arrays())
        return buffer.getvalue()

    def decode(self, content: bytes) -> "TrainingSet":
        import numpy as np

        from pipeline.data.training_set import TrainingSet

        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return TrainingSet.from_arrays(dict(arrays))

    def rows(self, value: "TrainingSet") -> int:
        return len(value)


class Joblib(Codec):
    """A fitted scikit-learn `Pipeline`."""

    suffix = "joblib"
    trusted_only = True

    def encode(self, value: Any) -> bytes:
        import joblib

        buffer = io.BytesIO()
        joblib.dump(value, buffer, compress=3)
        return buffer.getvalue()

    def decode(self, content: bytes) -> Any:
        import joblib

        return joblib.load(io.BytesIO(content))
