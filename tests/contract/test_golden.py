"""Every file that was ever exported still loads, and gives the same results."""

import hashlib
import json
import re
import struct
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline.export.conformance.vectors_file import decode_vectors
from pipeline.export.exporters.nightsieve_linear.format import decode, encode, sealed
from pipeline.export.verification.scorer_check import LINE_ENTRIES
from pipeline.export.verification.scorer_process import command
from pipeline.records.export import Provenance, Vector
from scorers.python import nightsieve_scorer
from scorers.python.old import nightsieve_scorer_0_1
from tests.contract import regenerate
from tests.support import ROOT
from tests.support.scorer_commands import LANGUAGES

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("1.*/model.json"))
OLDEST = Path(__file__).parent / "0.1"
Json = Any


@pytest.fixture(scope="module", params=LANGUAGES)
def scorer(request, tmp_path_factory) -> list[str]:
    return command(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(params=FOLDERS, ids=[folder.name for folder in FOLDERS])
def folder(request) -> Path:
    return request.param


@pytest.mark.parametrize(
    ("options", "expected"),
    [([], "expected.jsonl"), (["--explain"], "explained.jsonl")],
)
def test_the_command_prints_the_expected_lines(scorer, folder, options, expected):
    texts = (folder / "texts.hex").read_bytes()
    run = subprocess.run(
        [*scorer, folder / "model.json", *options],
        input=texts,
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout == (folder / expected).read_bytes()


def test_each_scorer_gets_what_the_vectors_say(scorer, folder):
    model = (folder / "model.json").read_bytes()
    content = (folder / "vectors.json").read_bytes()
    assert json.loads(content)["model"] == hashlib.sha256(model).hexdigest()
    vectors = decode_vectors(content, model)
    texts = "".join(f"{vector.text}\n" for vector in vectors).encode()
    run = subprocess.run(
        [*scorer, folder / "model.json"], input=texts, capture_output=True, check=True
    )
    assert parsed_lines(run.stdout) == [
        vector.model_dump(mode="json", include=LINE_ENTRIES) for vector in vectors
    ]
    argv = [*scorer, folder / "model.json", "--explain"]
    run = subprocess.run(argv, input=texts, capture_output=True, check=True)
    decisions = [line["decision"] for line in parsed_lines(run.stdout)]
    assert decisions == [vector.decision for vector in vectors]
    assert decisions != [vector.label for vector in vectors]


def parsed_lines(content: bytes) -> list[Json]:
    return [json.loads(line) for line in content.splitlines()]


def test_a_file_read_and_written_again_is_the_same(folder):
    golden = (folder / "model.json").read_bytes()
    entries = json.loads(golden)
    provenance = Provenance.model_validate_json(json.dumps(entries["provenance"]))
    self_test = [
        Vector.model_validate_json(json.dumps({**entry, "why": "", "decision": ""}))
        for entry in entries["self_test"]
    ]
    assert encode(decode(golden), provenance, self_test) == golden


def test_the_toy_models_have_ties_zero_lengths_thresholds_and_large_sums(folder):
    expected = parsed_lines((folder / "expected.jsonl").read_bytes())
    explained = parsed_lines((folder / "explained.jsonl").read_bytes())
    outcomes = dict(zip(regenerate.TEXTS, expected, strict=True))
    assert outcomes["tied"]["scores"][0] == outcomes["tied"]["scores"][1]
    assert outcomes["tied"]["label"] == "bank"
    assert outcomes["nought"]["N"] == (0 if "l2" in folder.name else 1)
    assert any(line["decision"] != line["label"] for line in explained)
    assert max(max(map(abs, line["S"])) for line in expected) > 2**40


def test_files_of_version_0_1_still_load():
    scorer = nightsieve_scorer_0_1.__file__
    run = subprocess.run(
        [sys.executable, "-I", "-S", scorer, OLDEST / "model.json"],
        input=(OLDEST / "texts.txt").read_bytes(),
        capture_output=True,
        check=True,
    )
    expected = parsed_lines((OLDEST / "expected.jsonl").read_bytes())
    # The version computes in floating point: `log` may differ in the last bit between
    # platforms.
    assert parsed_lines(run.stdout) == [
        {**line, "scores": pytest.approx(line["scores"], abs=1e-12)}
        for line in expected
    ]


def test_every_version_has_its_schema_and_its_golden_files():
    package = resources.files("pipeline.export.exporters.nightsieve_linear")
    schemas = Path(str(package)).glob("nightsieve-linear-*.schema.json")
    schema_of_version = {}
    for path in schemas:
        version = path.name.removeprefix("nightsieve-linear-")
        version = version.removesuffix(".schema.json")
        schema_of_version[version] = json.loads(path.read_bytes())
    models = Path(__file__).parent.glob("*/model.json")
    golden = [json.loads(path.read_bytes()) for path in models]
    assert {entries["version"] for entries in golden} == set(schema_of_version)
    for entries in golden:
        jsonschema.validate(entries, schema_of_version[entries["version"]])


def test_the_example_of_the_documentation_scores_as_it_says():
    page = (ROOT / "docs" / "format.md").read_text()
    example = page.split("```json\n")[1].split("```")[0].encode()
    assert sealed(example[:-25]) == example
    scorer = nightsieve_scorer.load(example)
    claims = re.findall(
        r"^\| `(.*?)` \| `(.*?)` \| `(.*?)` \| `(.*?)` \| `(.*?)` \|$",
        page,
        re.MULTILINE,
    )
    assert len(claims) >= 3
    for text, tokens, sums, scores, label in claims:
        result = scorer.evaluate(json.loads(text))
        assert result.tokens == tokens.split()
        assert [*result.S, result.N] == json.loads(f"[{sums}]")
        expected_scores = map(float, json.loads(f"[{scores}]"))
        assert list(map(bits, result.scores)) == list(map(bits, expected_scores))
        assert result.label == label


def bits(number: float) -> bytes:
    return struct.pack(">d", number)
