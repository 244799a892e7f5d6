"""The exporter of ``nightsieve-linear``."""

from collections.abc import Callable
from dataclasses import dataclass

from sklearn.pipeline import Pipeline

from pipeline.export.exporters.base import MessagesToVerify, ModelToExport
from pipeline.export.exporters.nightsieve_linear.format import FORMAT, decode, encode
from pipeline.export.verification.verify import verify
from pipeline.records.export import Verification


@dataclass(frozen=True)
class NightsieveLinear:
    """The format of integers, which the scorers of three languages verify."""

    name: str = FORMAT

    def encode(self, model: ModelToExport) -> bytes:
        """Return the file; the same model gives the same bytes.

        Raises
        ------
        ArtefactError
            The format does not allow a value of the model.
        """
        return encode(model.fixed_point, model.provenance, model.self_test)

    def verify(
        self,
        content: bytes,
        *,
        vectors_file: bytes,
        fitted: Pipeline,
        messages: MessagesToVerify,
        report_progress: Callable[[float], None],
    ) -> Verification:
        """Return how every scorer agrees with the file, and the file with ``fitted``.

        Raises
        ------
        VerificationError
            See `pipeline.export.verification.verify.verify`.
        """
        return verify(
            decode(content),
            content,
            vectors_file=vectors_file,
            fitted=fitted,
            messages=messages,
            report_progress=report_progress,
        )


EXPORTER = NightsieveLinear()
