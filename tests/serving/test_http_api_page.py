"""What docs/reference/http-api.md says is so."""

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from nightsieve.serving.generate.examples import CORRECTION_REQUESTS, OUTCOMES
from nightsieve.serving.generate.operations import DESCRIBED
from nightsieve.serving.generate.problems import KINDS
from tests.support import ROOT
from tests.support.services import serving

PAGE = (ROOT / "docs" / "reference" / "http-api.md").read_text()
ADDRESS = "http://127.0.0.1:8000"
EXAMPLES = re.findall(
    r"^```console\n\$ (?P<command>.+?[^\\])\n(?P<output>.+?)\n```$",
    PAGE,
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """Yield the address of a service with the example model of the format."""
    folder = tmp_path_factory.mktemp("example")
    model = folder / "model.json"
    page = (ROOT / "docs" / "format.md").read_text()
    model.write_text(page.split("```json\n")[1].split("```")[0])
    options = ("--model", str(model), "--tokens", str(folder / "tokens.json"))
    with serving(*options, environment={}, log=folder / "log") as (url, _):
        yield url


def test_there_are_examples():
    assert len(EXAMPLES) > 5


@pytest.mark.parametrize(("command", "output"), EXAMPLES)
def test_each_example_gives_what_is_shown(address, command, output):
    run = subprocess.run(
        command.replace(ADDRESS, address),
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == output


def test_bodies_of_corrections_are_those_of_the_description():
    shown = [json.loads(text) for text in re.findall(r"```json\n(.+?)\n```", PAGE)]
    assert shown == [CORRECTION_REQUESTS["one-correction"], OUTCOMES["one-correction"]]


def test_the_table_of_resources_is_that_of_the_description():
    rows = re.findall(r"^\| `(/.+?)` \| (\w+) \| (?:`(\w+)` )?\|", PAGE, re.MULTILINE)
    assert rows == [
        (operation.path, operation.method, operation.scope or "")
        for operation in DESCRIBED
    ]


def test_the_table_of_problems_is_that_of_the_code():
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(kind.name, str(kind.status), kind.when) for kind in KINDS]
