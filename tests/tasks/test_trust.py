"""Write access to the bucket runs no code on a worker."""

import hashlib
import io
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest

from nightsieve.store import layout
from nightsieve.store.receipts import VARIABLE, open_receipt, seal_receipt
from tests.support.commands import fork, nightsieve
from tests.support.nights import NIGHT, SMALL, objects, put, remove, retrain, sample


class Attack:
    """An object whose pickle creates a file when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.file,)


def as_joblib(attack: Attack) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(attack, buffer, compress=3)
    return buffer.getvalue()


def as_npz(attack: Attack) -> bytes:
    buffer = io.BytesIO()
    hidden = np.array([attack], dtype=object)
    np.savez_compressed(buffer, description=hidden, terms=hidden)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def unsigned(night_environment) -> dict[str, str]:
    """Run one small night without a key, and return the environment of its store."""
    environment = {**night_environment, VARIABLE: ""}
    sample(environment, rows=600)
    run_night(environment)
    return environment


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal receipts as an attacker does, who has no key."""
    monkeypatch.delenv(VARIABLE, raising=False)


def run_night(environment: dict[str, str]) -> int:
    command = retrain("--local-scheduler", patches=[*SMALL, "source.shards=1"])
    return fork(*command, environment=environment).returncode


def key_of(environment: dict[str, str], prefix: str) -> str:
    keys = [key for key in objects(environment) if key.startswith(prefix)]
    (key,) = [key for key in keys if not key.endswith(".receipt.json")]
    return key


def forge(environment: dict[str, str], key: str, content: bytes) -> None:
    """Replace an object and its receipt by matching ones."""
    receipt = open_receipt(objects(environment)[layout.receipt(key)])
    forged = receipt.model_copy(
        update={"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    )
    put(environment, layout.receipt(key), seal_receipt(forged))
    put(environment, key, content)


def test_a_planted_pickle_is_never_read(unsigned, tmp_path):
    attack = Attack(tmp_path / "was-here")
    pickle.loads(pickle.dumps(attack))
    assert attack.file.exists()
    attack.file.unlink()
    whole = objects(unsigned)
    forge(unsigned, key_of(unsigned, "training/fitted-"), as_npz(attack))
    forge(unsigned, key_of(unsigned, "export/pipeline-"), as_joblib(attack))
    later = ("export/model-", "export/prepared-", "export/verification-", "runs/")
    for key in whole:
        if key.startswith((*later, "reports/")):
            remove(unsigned, key)
    run_night(unsigned)
    nightsieve("runs", "repair", NIGHT, environment=unsigned)
    fetch = ["--to", str(tmp_path / "files")]
    nightsieve("models", "fetch", *fetch, environment=unsigned)
    assert not attack.file.exists()
    for key, content in whole.items():
        put(unsigned, key, content)


def test_a_planted_pattern_database_is_not_loaded_without_a_key(unsigned):
    key = key_of(unsigned, "labelling/compiled-")
    whole = objects(unsigned)
    forge(unsigned, key, hostile_database(whole[key]))
    votes = key_of(unsigned, "labelling/votes-")
    for other in (votes, *(k for k in whole if k.startswith(("runs/", "reports/")))):
        remove(unsigned, other)
    assert run_night(unsigned) == 0
    assert objects(unsigned)[votes] == whole[votes]


def hostile_database(content: bytes) -> bytes:
    """Return the object with native data that would crash the library or do worse."""
    with np.load(io.BytesIO(content)) as loaded:
        arrays = dict(loaded)
    native = arrays["database0"]
    native[200:] = np.random.default_rng(0).integers(0, 256, len(native) - 200)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def test_with_a_key_a_forged_database_is_not_believed(unsigned, tmp_path):
    """The attacker has no key, so what was forged counts as damaged."""
    signed = {**unsigned, VARIABLE: "0f" * 16}
    signed["NIGHTSIEVE_STORAGE"] += "-signed"
    assert run_night(signed) == 0
    whole = objects(signed)
    key = key_of(signed, "labelling/compiled-")
    assert b'"hmac": null' not in whole[layout.receipt(key)]
    content = hostile_database(whole[key])
    digest = hashlib.sha256(content).hexdigest()
    receipt = whole[layout.receipt(key)]
    old = hashlib.sha256(whole[key]).hexdigest()
    put(signed, layout.receipt(key), receipt.replace(old.encode(), digest.encode()))
    put(signed, key, content)
    votes = key_of(signed, "labelling/votes-")
    for other in (votes, *(k for k in whole if k.startswith(("runs/", "reports/")))):
        remove(signed, other)
    run_night(signed)
    after = objects(signed)
    assert after.get(votes, whole[votes]) == whole[votes]
