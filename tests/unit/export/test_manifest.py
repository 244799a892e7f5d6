"""The manifest of a model."""

import hashlib
import json
from pathlib import Path

import joblib
import pytest

from pipeline.export import describe
from pipeline.records.export import FileDescription, Verification
from tests.support.exported_models import ESTIMATORS, exported, fit, fixed

VERIFICATION = Verification(
    texts=3,
    vectors=60,
    languages=("python",),
    differences=0,
    flips=0,
    proved=2,
    observed=1,
    largest_score_difference=1e-4,
    smallest_margin=0.5,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    joblib.dump(fit(ESTIMATORS[0]), tmp_path / "pipeline.joblib")
    (tmp_path / "model.json").write_bytes(exported(fixed(ESTIMATORS[0])))
    files = {}
    for name in ("model.json", "pipeline.joblib"):
        content = (tmp_path / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        files[name] = FileDescription(sha256=digest, bytes=len(content))
    model = (tmp_path / "model.json").read_bytes()
    manifest = describe("ab" * 32, files, model, VERIFICATION)
    (tmp_path / "manifest.json").write_bytes(manifest.to_json())
    return tmp_path


def test_the_manifest_names_the_files_that_belong_together(folder: Path):
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert (manifest["training"], manifest["bits"]) == ("ab" * 32, 12)
    assert set(manifest["files"]["pipeline.joblib"]) == {"sha256", "bytes"}
    assert manifest["verification"] == VERIFICATION.model_dump(mode="json")
    assert "serial" not in manifest
    model = manifest["files"]["model.json"]
    assert 0 < model["gzipped_bytes"] < model["bytes"]
