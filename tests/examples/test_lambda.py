"""The package that AWS Lambda runs, and the template that deploys it."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression

from benchmarks.harness.lambda_runtime import Function, running_function
from nightsieve.cli.main import nightsieve
from nightsieve.serving.aws_lambda.package import HANDLER
from nightsieve.serving.contract.preparation import prepare_model
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.version import claim_layout
from pipeline.errors import ArtefactError, ConfigError, DataError
from pipeline.records.export import MANIFEST_FILE, MODEL_FILE
from scorers.python.nightsieve_scorer import load
from tests.support import ROOT
from tests.support.exported_models import exported, fixed
from tests.support.stored_objects import DESCRIPTION, facts
from tests.support.tools import check_file

EXAMPLE = ROOT / "examples" / "lambda"
EVENTS = {path.stem: path for path in (EXAMPLE / "events").glob("*.json")}
TEXT = "Your OTP is 482913. Do not share it."
#: Prints which files are imported for a prediction, without any installed package.
LIST_IMPORTS = """
import json, sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
from lambda_function import lambda_handler
lambda_handler({"messages": [{"text": "free prize"}], "explain": 1})
for name in set(sys.modules) - before:
    print(name, getattr(sys.modules[name], "__file__", None))
"""


@pytest.fixture(scope="module")
def content() -> bytes:
    return exported(fixed(LogisticRegression(C=5)))


@pytest.fixture(scope="module")
def model_file(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.json"
    path.write_bytes(content)
    return path


def package(*arguments: str | Path) -> str:
    """Run the command; return what it prints."""
    words = ["package", "lambda", *map(str, arguments)]
    return CliRunner().invoke(nightsieve, words, catch_exceptions=False).output


@pytest.fixture(scope="module")
def folder(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the extracted package."""
    folder = tmp_path_factory.mktemp("task")
    package("--model", model_file, "--to", folder / "lambda.zip")
    with zipfile.ZipFile(folder / "lambda.zip") as archive:
        archive.extractall(folder / "root")
    return folder / "root"


@pytest.fixture(scope="module")
def function(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    """Return the function, as AWS runs it."""
    log = tmp_path_factory.mktemp("log") / "log"
    with running_function(folder, HANDLER, log) as running:
        yield running


def read_event(name: str) -> Any:
    return json.loads(EVENTS[name].read_text())


def prediction_of(outcome: Any) -> Any:
    """Return the prediction in what a function returned for one message."""
    answer = json.loads(outcome["body"]) if "body" in outcome else outcome
    (prediction,) = answer["predictions"]
    return prediction


@pytest.mark.parametrize("name", sorted(EVENTS.keys() - {"wrong"}))
def test_the_sample_events_get_the_prediction_of_the_scorer(name, function, content):
    outcome = function.invoke(read_event(name))
    assert not outcome.is_error
    scorer = load(content)
    assert prediction_of(outcome.json()) == {
        "id": "1",
        "label": scorer.label(TEXT),
        "scores": scorer.scores(TEXT),
    }


def test_a_wrong_invocation_gets_a_problem_and_is_no_error_of_the_function(function):
    outcome = function.invoke(read_event("wrong"))
    assert not outcome.is_error
    assert outcome.json()["status"] == 422
    assert outcome.json()["errors"][0]["pointer"].startswith("/messages/0/")


def test_a_thousand_messages_get_the_labels_of_the_scorer(function, content):
    scorer = load(content)
    texts = [f"free prize {n} ñ😀\ud800\0" for n in range(1000)]
    outcome = function.invoke({"messages": [{"text": text} for text in texts]})
    for text, prediction in zip(texts, outcome.json()["predictions"], strict=True):
        assert prediction["scores"] == scorer.scores(text)


def test_nothing_is_logged_of_a_message(function):
    canary = "canary-8c3f"
    direct = read_event("direct")
    direct["messages"][0]["text"] = canary
    function.invoke(direct)
    direct["messages"][0][canary] = canary
    function.invoke(direct)
    http = read_event("http-api")
    http["body"] = f'{{"messages": "{canary}"'
    function.invoke(http)
    assert function.log() == ""


def test_a_damaged_model_is_reported_while_the_function_is_initialised(
    folder, tmp_path
):
    damaged = tmp_path / "root"
    subprocess.run(["cp", "-R", folder, damaged], check=True)
    with (damaged / "model.json").open("ab") as file:
        file.write(b"\n")
    with running_function(damaged, HANDLER, tmp_path / "log") as function:
        outcome = function.wait()
    assert outcome.is_error
    error = outcome.json()
    assert error["errorType"] == "PackageError"
    assert "model.json" in error["errorMessage"]
    assert "nightsieve package lambda" in error["errorMessage"]


def test_the_package_needs_python_alone(folder):
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", LIST_IMPORTS, folder],
        capture_output=True,
        text=True,
        check=True,
    )
    modules = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    own = {name for name, file in modules.items() if file.startswith(f"{folder}/")}
    assert "scorers.python.nightsieve_scorer" in own
    others = {name.partition(".")[0] for name in modules.keys() - own}
    assert others <= sys.stdlib_module_names


def test_the_package_has_what_is_imported_and_the_model_and_nothing_else(
    folder, content
):
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    assert {name for name in files if not name.endswith(".py")} == {
        "model.json",
        "model-reference.json",
    }
    assert (folder / "model.json").read_bytes() == content
    for name in files:
        in_checkout = ROOT / name
        if in_checkout.exists() and in_checkout.name != "__init__.py":
            assert (folder / name).read_bytes() == in_checkout.read_bytes()
    packages = {name.rpartition("/")[0] for name in files}
    assert packages == {
        "",
        "nightsieve",
        "nightsieve/serving",
        "nightsieve/serving/aws_lambda",
        "nightsieve/serving/contract",
        "scorers",
        "scorers/python",
    }


def test_the_same_model_gives_the_same_bytes_and_the_output_says_which(
    model_file, tmp_path
):
    first = tmp_path / "a.zip"
    second = tmp_path / "b.zip"
    output = package("--model", model_file, "--to", first)
    package("--model", model_file, "--to", second)
    assert first.read_bytes() == second.read_bytes()
    assert f"{first.stat().st_size:,} bytes" in output
    assert HANDLER in output
    assert f"--zip-file fileb://{first}" in output


def test_a_published_model_is_packaged_with_its_serial(environment, content, tmp_path):
    store = Store.from_environment()
    claim_layout(store)
    files = {MODEL_FILE: content, MANIFEST_FILE: DESCRIPTION.to_json()}
    serial = Registry(store).publish("one", files, facts()).serial
    for name, options in {"current": (), "named": ("--serial", str(serial))}.items():
        path = tmp_path / f"{name}.zip"
        assert f"model {serial}," in package(*options, "--to", path)
        with zipfile.ZipFile(path) as archive:
            reference = json.loads(archive.read("model-reference.json"))
        assert reference == {"serial": serial, "sha256": prepare_model(content).sha256}
    assert (tmp_path / "current.zip").read_bytes() == path.read_bytes()
    with pytest.raises(ConfigError, match="no model 77"):
        package("--serial", "77", "--to", tmp_path / "none.zip")
    assert not (tmp_path / "none.zip").exists()


def test_what_cannot_be_packaged_leaves_the_file_as_it_was(model_file, tmp_path):
    target = tmp_path / "lambda.zip"
    target.write_bytes(b"before")
    not_a_model = tmp_path / "model.json"
    not_a_model.write_text("{}")
    with pytest.raises(ArtefactError, match="not a model"):
        package("--model", not_a_model, "--to", target)
    with pytest.raises(DataError, match="cannot be read"):
        package("--model", tmp_path / "missing", "--to", target)
    with pytest.raises(DataError, match="cannot be written"):
        package("--model", model_file, "--to", not_a_model / "lambda.zip")
    assert target.read_bytes() == b"before"
    usage = CliRunner().invoke(
        nightsieve,
        ["package", "lambda", "--serial", "1", "--model", "m", "--to", str(target)],
    )
    assert usage.exit_code == 2


def test_cfn_lint_accepts_the_template():
    check_file("cfn-lint", EXAMPLE / "template.yaml")


def test_the_template_names_the_handler_and_the_routes_that_there_are():
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's own tags as their values."""

    Loader.add_multi_constructor("!", lambda loader, tag, node: node.value)
    template = yaml.load((EXAMPLE / "template.yaml").read_text(), Loader)
    properties = template["Resources"]["Predictions"]["Properties"]
    assert properties["Handler"] == HANDLER
    routes = {
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for event in properties["Events"].values()
    }
    assert routes == {("POST", "/v1/predictions"), ("GET", "/v1/labels")}
