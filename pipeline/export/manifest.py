"""The manifest that travels beside an exported model: what belongs together, and which model is the newer one."""

import gzip
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import joblib
from sklearn.pipeline import Pipeline

from pipeline.errors import ArtefactError

FORMAT = "nightsieve-manifest"
VERSION = "1.0"


def describe(
    training: str,
    files: dict[str, dict[str, Any]],
    model_bytes: bytes,
    verification: dict[str, Any],
) -> dict[str, Any]:
    """The manifest as a JSON value; ``training`` is the training set's sha256, each of the ``files`` a receipt.

    A published one has a ``serial`` too.
    """
    sizes = {
        name: {"sha256": receipt["sha256"], "bytes": receipt["bytes"]}
        for name, receipt in files.items()
    }
    sizes["model.json"]["gzipped_bytes"] = len(gzip.compress(model_bytes, 9, mtime=0))
    model = json.loads(model_bytes)
    return {
        "format": FORMAT,
        "version": VERSION,
        "training": training,
        "labels": model["labels"],
        "terms": len(model["terms"]),
        "bits": model["provenance"]["bits"],
        "files": sizes,
        "verification": verification,
    }


def load_pipeline(folder: Path | str) -> Pipeline:
    """The fitted scikit-learn pipeline of a fetched folder, raw text in and label out.

    Reading a joblib file runs code, so it is read only when its sha256 is that of the manifest beside it.

    Raises
    ------
    ArtefactError
        It is not.
    OSError
        One of the two files is missing.
    """
    content = Path(folder, "pipeline.joblib").read_bytes()
    manifest = json.loads(Path(folder, "manifest.json").read_bytes())
    expected = manifest.get("files", {}).get("pipeline.joblib", {}).get("sha256")
    if hashlib.sha256(content).hexdigest() != expected:
        raise ArtefactError(
            f"{folder}/pipeline.joblib: is not the file that manifest.json describes; fetch both again"
        )
    return joblib.load(io.BytesIO(content))
