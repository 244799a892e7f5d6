"""What an exporter is, and what it is given."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from sklearn.pipeline import Pipeline

from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.linear import LinearModel
from pipeline.records.export import Provenance, Vector, Verification


@dataclass(frozen=True)
class ModelToExport:
    """All that an exporter may write.

    Attributes
    ----------
    linear
        The model in floating point, as it was fitted.
    fixed_point
        The same in integers, as a device runs it.
    self_test
        Vectors for a reader that checks itself.
    """

    linear: LinearModel
    fixed_point: FixedPointModel
    provenance: Provenance
    self_test: tuple[Vector, ...]


@dataclass(frozen=True)
class MessagesToVerify:
    """The messages of a night: each one's text and what that was cleaned to.

    Attributes
    ----------
    messages
        Read once, so that few of them are in memory.
    total
        How many there are.
    """

    messages: Iterable[tuple[str, str]]
    total: int


class Exporter(Protocol):
    """Writes a model in one format, and proves that what was written predicts the same.

    Attributes
    ----------
    name
        Of the format. The suffix is that of its file in `EXPORT_FORMATS`.
    """

    @property
    def name(self) -> str: ...

    def encode(self, model: ModelToExport) -> bytes:
        """Return the file; the same model gives the same bytes."""

    def verify(
        self,
        content: bytes,
        vectors_file: bytes,
        fitted: Pipeline,
        messages: MessagesToVerify,
        report_progress: Callable[[float], None],
    ) -> Verification:
        """Return how the file agrees with the vectors, and on messages with ``fitted``.

        Raises
        ------
        VerificationError
            It predicts something else than training measured.
        """
