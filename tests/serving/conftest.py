"""A small model, and a service that serves it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sklearn.linear_model import LogisticRegression

from nightsieve.serving.contract.preparation import ServedModel, prepare_model
from tests.support.exported_models import exported, fixed
from tests.support.services import serving


@pytest.fixture(scope="session")
def model_content() -> bytes:
    """Return a model file of three labels."""
    return exported(fixed(LogisticRegression(C=5)))


@pytest.fixture(scope="session")
def model(model_content: bytes) -> ServedModel:
    """Return the model, made ready in this process."""
    return prepare_model(model_content, serial=7)


@pytest.fixture(scope="session")
def model_file(model_content: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the model file."""
    path = tmp_path_factory.mktemp("model") / "model.json"
    path.write_bytes(model_content)
    return path


@pytest.fixture(scope="module")
def client(
    model_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Return a client of a service that serves the model file, without tokens."""
    log = tmp_path_factory.mktemp("service") / "log"
    options = ("--model", str(model_file))
    with (
        serving(*options, environment={}, log=log) as (address, _),
        httpx.Client(base_url=address) as http_client,
    ):
        yield http_client
