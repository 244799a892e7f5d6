"""Where an exported model comes from: facts alone that are the same on every rerun, so no time and no host."""

import datetime
from importlib import metadata
from typing import Any

from pipeline.config.settings import Candidate
from pipeline.data.training_set import TrainingSet

LIBRARIES = ("numpy", "scikit-learn", "scipy")


def provenance(
    date: datetime.date,
    fingerprint: str,
    candidate: Candidate,
    training_set: TrainingSet,
) -> dict[str, Any]:
    """The provenance entry of an exported model; the fingerprint stands for all that the night's model rests on."""
    return {
        "date": date.isoformat(),
        "fingerprint": fingerprint,
        "candidate": str(candidate),
        "messages": training_set.messages,
        "documents": len(training_set),
        "libraries": {library: metadata.version(library) for library in LIBRARIES},
    }
