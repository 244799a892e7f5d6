"""What the description allows, and what it does not, asked of the running service."""

import json
import subprocess

from tests.serving.test_generated import DOCUMENT, is_missing

#: A service without tokens, as this one, needs none.
WITHOUT_TOKENS = ("--exclude-checks", "ignored_auth")


def described() -> dict:
    """Return the description of the service as it runs here."""
    document = json.loads(json.dumps(DOCUMENT))
    for path in filter(is_missing, DOCUMENT["paths"]):
        del document["paths"][path]
    for item in document["paths"].values():
        for operation in item.values():
            del operation["security"]
    return document


def test_schemathesis_finds_nothing(client, tmp_path):
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(described()))
    command = [
        *("schemathesis", "--no-color", "run", str(description)),
        *("--url", str(client.base_url), *WITHOUT_TOKENS),
        *("--mode", "all", "--max-examples", "50", "--generation-deterministic"),
    ]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
    assert "No issues found" in run.stdout
