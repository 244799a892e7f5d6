"""What the description allows, and what it does not, asked of a service with it all."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nightsieve.database.connection import transaction
from nightsieve.database.tables import create_tables
from tests.serving.test_generated import DOCUMENT
from tests.support.published_models import new_registry, publish
from tests.support.services import serving

#: A correction of a message that is not there fits its schema and is refused.
CONFIGURATION = """\
[[operations]]
include-operation-id = "createCorrections"
checks.positive_data_acceptance.expected-statuses = ["2xx", 422]
"""


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """Return the path of a file of tokens."""
    return tmp_path / "tokens.json"


@pytest.fixture
def address(environment, model_content, tokens, tmp_path) -> Iterator[str]:
    """Yield the address of a service with a store, a database and tokens."""
    with transaction() as cursor:
        create_tables(cursor)
    publish(new_registry(), model_content)
    options = ("--tokens", str(tokens))
    with serving(*options, environment=environment, log=tmp_path / "log") as (url, _):
        yield url


@pytest.fixture
def token(tokens: Path) -> str:
    """Return a token that allows everything."""
    scopes = [f"--scope={scope}" for scope in ("predict", "correct", "models")]
    command = ["nightsieve", "serve", "token", "new", "--name", "schemathesis"]
    made = subprocess.run(
        [*command, *scopes, "--tokens", str(tokens)],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def test_schemathesis_finds_nothing(token, address, tmp_path):
    n_operations = sum(map(len, DOCUMENT["paths"].values()))
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(DOCUMENT))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        *("schemathesis", "--no-color", "run", str(description), "--url", address),
        *("--header", f"Authorization: Bearer {token}"),
        *("--mode", "all", "--max-examples", "30", "--generation-deterministic"),
    ]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-1000:]
    assert f"Selected: {n_operations}/" in run.stdout
    assert f"Tested: {n_operations}\n" in run.stdout
