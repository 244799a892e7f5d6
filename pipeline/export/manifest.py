"""The manifest that accompanies an exported model.

It names the files that belong together, and shows which of two models is newer.
"""

import gzip
import json
from collections.abc import Mapping

from pipeline.records.export import (
    MODEL_FILE,
    ExportManifest,
    FileDescription,
    Verification,
)

FORMAT = "nightsieve-manifest"
VERSION = "1.0"


def describe(
    training: str,
    files: Mapping[str, FileDescription],
    model_bytes: bytes,
    verification: Verification,
) -> ExportManifest:
    """Return the manifest of files that are not published yet.

    Parameters
    ----------
    training
        sha256 of the training set.
    """
    gzipped = gzip.compress(model_bytes, 9, mtime=0)
    measured = files[MODEL_FILE].model_copy(update={"gzipped_bytes": len(gzipped)})
    model = json.loads(model_bytes)
    return ExportManifest(
        format=FORMAT,
        version=VERSION,
        training=training,
        labels=tuple(model["labels"]),
        terms=len(model["terms"]),
        bits=model["provenance"]["bits"],
        files={**files, MODEL_FILE: measured},
        verification=verification,
    )
