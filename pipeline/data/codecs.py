"""Codecs turn a value into the bytes of an S3 object and back.

Equal values give equal bytes. Reading runs no code: no codec reads a pickle.
"""

# Libraries are imported where they are used: a task that has only records to read
# starts without pandas and numpy.
# ruff: noqa: PLC0415

import io
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.records.record import Record, encode_json

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.data.fitted_model import FittedModel
    from pipeline.data.training_set import TrainingSet


class Codec(ABC):
    """How one type of value is written and read.

    Values are of any type here; each codec names its own.

    Attributes
    ----------
    suffix
        The suffix of the file, without a dot.
    """

    suffix: str

    @abstractmethod
    def encode(self, value: Any) -> bytes:
        """Return the bytes of the object."""

    @abstractmethod
    def decode(self, content: bytes) -> Any:
        """Return the value that `encode` wrote."""

    def rows(self, value: Any) -> int | None:
        """Return the number of messages or documents in the value.

        It is None for values that hold neither.
        """
        return None


@dataclass(frozen=True)
class Table(Codec):
    """A table as Parquet, checked against its schema when written and when read.

    Attributes
    ----------
    schema
        Its name in `pipeline.data.schemas`.
    """

    schema: str
    suffix = "parquet"

    def encode(self, value: "pd.DataFrame") -> bytes:
        """Return the table as Parquet."""
        from pipeline.data import schemas

        table = schemas.check(value, self.schema)
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False, compression="zstd")
        return buffer.getvalue()

    def decode(self, content: bytes) -> "pd.DataFrame":
        """Return the table."""
        import pandas as pd

        from pipeline.data import schemas

        return schemas.check(pd.read_parquet(io.BytesIO(content)), self.schema)

    def rows(self, value: "pd.DataFrame") -> int:
        """Return the number of rows."""
        return len(value)


class Json(Codec):
    """A JSON value, indented for the person who opens it."""

    suffix = "json"

    def encode(self, value: object) -> bytes:
        """Return the value as JSON."""
        return encode_json(value)

    def decode(self, content: bytes) -> Any:
        """Return the value."""
        return json.loads(content)


class RecordJson(Codec):
    """A record of one type as JSON."""

    suffix = "json"

    def __init__(self, record: type[Record]) -> None:
        self.record = record

    def encode(self, value: Record) -> bytes:
        """Return the record as JSON."""
        return value.to_json()

    def decode(self, content: bytes) -> Record:
        """Return the record."""
        return self.record.from_json(content)


class Raw(Codec):
    """Bytes that are already the content of a file."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix

    def encode(self, value: bytes) -> bytes:
        """Return the bytes themselves."""
        return value

    def decode(self, content: bytes) -> bytes:
        """Return the bytes themselves."""
        return content


class Npz(Codec):
    """A `TrainingSet` as compressed numpy arrays."""

    suffix = "npz"

    def encode(self, value: "TrainingSet") -> bytes:
        """Return the arrays of the training set."""
        from pipeline.data.arrays import encode_arrays

        return encode_arrays(value.to_arrays())

    def decode(self, content: bytes) -> "TrainingSet":
        """Return the training set."""
        from pipeline.data.arrays import decode_arrays
        from pipeline.data.training_set import TrainingSet

        return TrainingSet.from_arrays(decode_arrays(content))

    def rows(self, value: "TrainingSet") -> int:
        """Return the number of documents."""
        return len(value)


class FittedNpz(Codec):
    """A `FittedModel` as compressed numpy arrays."""

    suffix = "npz"

    def encode(self, value: "FittedModel") -> bytes:
        """Return the arrays of the model."""
        from pipeline.data.arrays import encode_arrays

        return encode_arrays(value.to_arrays())

    def decode(self, content: bytes) -> "FittedModel":
        """Return the model; no code is run."""
        from pipeline.data.arrays import decode_arrays
        from pipeline.data.fitted_model import FittedModel

        return FittedModel.from_arrays(decode_arrays(content))
