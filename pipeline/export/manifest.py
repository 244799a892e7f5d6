"""The manifest that accompanies an exported model.

It names the files that belong together, and shows which of two models is newer.
"""

import gzip
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path

import joblib
from sklearn.pipeline import Pipeline

from pipeline.errors import ArtefactError
from pipeline.records.export import (
    MANIFEST_FILE,
    MODEL_FILE,
    PIPELINE_FILE,
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


def load_pipeline(folder: Path | str) -> Pipeline:
    """Return the fitted scikit-learn pipeline of a fetched folder.

    The pipeline predicts the label of raw text. Reading a joblib file runs code, so the
    file is read only if its sha256 is the one in the manifest beside it.

    Raises
    ------
    ArtefactError
        The file has another sha256.
    OSError
        One of the two files is missing.
    """
    content = Path(folder, PIPELINE_FILE).read_bytes()
    manifest = json.loads(Path(folder, MANIFEST_FILE).read_bytes())
    described = manifest.get("files", {}).get(PIPELINE_FILE, {})
    if hashlib.sha256(content).hexdigest() != described.get("sha256"):
        raise ArtefactError(
            f"{folder}/{PIPELINE_FILE}: not the file that {MANIFEST_FILE} "
            "describes; fetch both again"
        )
    return joblib.load(io.BytesIO(content))
