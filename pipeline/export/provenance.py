"""Where an exported model comes from."""

import datetime
from importlib import metadata

from pipeline.config.settings import Candidate
from pipeline.data.training_set import TrainingSet
from pipeline.records.export import Provenance

LIBRARIES = ("numpy", "scikit-learn", "scipy")


def provenance(
    date: datetime.date,
    fingerprint: str,
    candidate: Candidate,
    training_set: TrainingSet,
    bits: int,
) -> Provenance:
    """Return the provenance of a night's model.

    Parameters
    ----------
    fingerprint
        Identifies the task that exports the model.
    bits
        The bits of its largest weight.
    """
    return Provenance(
        date=date.isoformat(),
        fingerprint=fingerprint,
        candidate=str(candidate),
        messages=training_set.messages,
        documents=len(training_set),
        bits=bits,
        libraries={library: metadata.version(library) for library in LIBRARIES},
    )
