"""The interface of an exporter, and the values that it receives."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from sklearn.pipeline import Pipeline

from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.linear import LinearModel
from pipeline.records.export import Provenance, Vector, Verification


@dataclass(frozen=True)
class ModelToExport:
    """All that an exporter may write to a file.

    Attributes
    ----------
    linear
        The model in floating point, as it was fitted.
    fixed_point
        The model in integers, as a device runs it.
    self_test
        Vectors with which a reader can test itself.
    """

    linear: LinearModel
    fixed_point: FixedPointModel
    provenance: Provenance
    self_test: tuple[Vector, ...]


@dataclass(frozen=True)
class MessagesToVerify:
    """The messages of a night, each with its text and its cleaned text.

    Attributes
    ----------
    messages
        Read only once, so that few of them are in memory.
    total
        The number of messages.
    """

    messages: Iterable[tuple[str, str]]
    total: int


class Exporter(Protocol):
    r"""A format of exported models: writes a file and proves what it predicts.

    Attributes
    ----------
    name
        The name of the format, which is a key of
        `pipeline.records.export.EXPORT_FORMATS`.

    Examples
    --------
    An exporter is any class with these three members. This one writes the labels only:

    >>> class LabelsExporter:
    ...     name = "labels"
    ...
    ...     def encode(self, model):
    ...         return "\n".join(model.linear.labels).encode()
    ...
    ...     def verify(self, content, **evidence):
    ...         raise NotImplementedError
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(linear=SimpleNamespace(labels=("chat", "spam")))
    >>> LabelsExporter().encode(model)
    b'chat\nspam'
    """

    @property
    def name(self) -> str:
        """The name of the format."""

    def encode(self, model: ModelToExport) -> bytes:
        """Return the file; the same model gives the same bytes."""

    def verify(
        self,
        content: bytes,
        *,
        vectors_file: bytes,
        fitted: Pipeline,
        messages: MessagesToVerify,
        report_progress: Callable[[float], None],
    ) -> Verification:
        """Return how the file agrees with the vectors, and with ``fitted`` on messages.

        Raises
        ------
        VerificationError
            The file does not predict what training measured.
        """
