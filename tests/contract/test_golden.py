"""Every exported file that was ever written must still load, and mean what it meant."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.export import decode, encode
from scorers.python import nightsieve_scorer

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/model.json"))


def score(model: Path, texts: bytes) -> subprocess.CompletedProcess:
    """The scorer as its users run it, with nothing but the standard library within reach."""
    command = [sys.executable, "-I", "-S", nightsieve_scorer.__file__, model]
    return subprocess.run(command, input=texts, capture_output=True, check=False)


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request) -> Path:
    return request.param


def test_the_command_prints_the_expected_lines(folder):
    run = score(folder / "model.json", (folder / "texts.txt").read_bytes())
    assert (run.returncode, run.stderr) == (0, b"")
    found = [json.loads(line) for line in run.stdout.splitlines()]
    expected = [json.loads(line) for line in (folder / "expected.jsonl").read_bytes().splitlines()]
    # `log` may differ in the last bit between platforms.
    assert found == [{**line, "scores": pytest.approx(line["scores"], abs=1e-12)} for line in expected]


def test_a_file_read_and_written_again_is_the_same(folder):
    golden = (folder / "model.json").read_bytes()
    assert encode(decode(golden), json.loads(golden)["provenance"]) == golden


def test_the_command_refuses_a_model_in_one_line(folder, tmp_path):
    (tmp_path / "model.json").write_bytes((folder / "model.json").read_bytes()[:-3])
    for model in ("model.json", "missing.json"):
        run = score(tmp_path / model, b"text\n")
        assert (run.returncode, run.stdout) == (2, b"")
        assert model.encode() in run.stderr and run.stderr.count(b"\n") == 1


def test_the_example_of_the_documentation_scores_as_it_says():
    page = (Path(__file__).parents[2] / "docs" / "format.md").read_text()
    example = page.split("```json\n")[1].split("```")[0].encode()
    scorer = nightsieve_scorer.load(example)
    assert encode(decode(example), json.loads(example)["provenance"]) == example
    assert scorer.scores("The code: 1234") == pytest.approx({"chat": -1.15, "code": 1.4})
    assert scorer.scores("Don't") == {"chat": 0.25, "code": 0.0}
