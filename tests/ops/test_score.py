"""`nightsieve score`: text in, labels out, for every version of the format."""

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, run

CONTRACT = ROOT / "tests" / "contract"
TEXTS = "Your code is 123456\r\nfree\n\nnothing known"


def score(model: Path, text: str = TEXTS):
    return run("nightsieve", "score", str(model), environment={}, input=text)


@pytest.mark.parametrize("folder", ["0.1", "1.0-norm-l2", "1.0-norm-none"])
def test_every_line_gets_its_label_and_scores_also_from_an_old_model(folder):
    scored = score(CONTRACT / folder / "model.json")
    assert scored.returncode == 0, scored.stderr
    lines = [json.loads(line) for line in scored.stdout.splitlines()]
    assert [line["label"] for line in lines] == ["bank", "spam", "bank", "bank"]
    assert all(list(line["scores"]) == ["bank", "chat", "spam"] for line in lines)
    assert lines[0]["scores"]["bank"] == max(lines[0]["scores"].values())


def test_a_missing_a_foreign_and_a_damaged_model_are_refused_in_a_line(tmp_path):
    (tmp_path / "foreign.json").write_text("{}")
    whole = (CONTRACT / "1.0-norm-l2" / "model.json").read_bytes()
    (tmp_path / "damaged.json").write_bytes(whole.replace(b"free", b"fret", 1))
    for name, code, reason in (
        ("missing.json", 7, "No such file"),
        ("foreign.json", 8, "format is not nightsieve-linear"),
        ("damaged.json", 8, "checksum"),
    ):
        refused = score(tmp_path / name)
        assert (refused.returncode, refused.stdout) == (code, "")
        assert reason in refused.stderr and name in refused.stderr and refused.stderr.count("\n") == 1


def test_bytes_that_are_no_utf_8_read_as_replacement_characters(tmp_path):
    scored = run(
        "bash", "-c", f"printf 'free \\xff\\n' | nightsieve score {CONTRACT}/1.0-norm-l2/model.json", environment={}
    )
    assert json.loads(scored.stdout)["label"] == "spam"
