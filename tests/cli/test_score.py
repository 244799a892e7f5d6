"""`nightsieve score` labels texts with a model of any version of the format."""

import dataclasses
import json
from pathlib import Path

import pytest

from pipeline.text import Tokeniser
from pipeline.text.character_map import CharacterMap
from tests.contract import regenerate
from tests.support import ROOT
from tests.support.commands import run
from tests.support.scorer_models import exported

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
        ("foreign.json", 8, "format: not nightsieve-linear"),
        ("damaged.json", 8, "checksum"),
    ):
        refused = score(tmp_path / name)
        assert (refused.returncode, refused.stdout) == (code, "")
        assert reason in refused.stderr
        assert name in refused.stderr
        assert refused.stderr.count("\n") == 1


@pytest.fixture
def literal(tmp_path) -> Path:
    """A model that keeps every character, with a label `bänk` in place of `bank`.

    So a character that is lost or added changes the scores.
    """
    tokeniser = Tokeniser(
        CharacterMap((), (), (), ((0, 0x10FFFF),)), 1, frozenset(), (1, 1)
    )
    model = dataclasses.replace(
        regenerate.model("l2"), tokeniser=tokeniser, labels=("bänk", "chat", "spam")
    )
    path = tmp_path / "model.json"
    path.write_bytes(exported(model))
    return path


def score_bytes(model: Path, printf_format: str) -> list[str]:
    """The lines that the command prints for the bytes that printf writes."""
    pipe = f"printf '{printf_format}' | nightsieve score {model}"
    scored = run("bash", "-c", pipe, environment={})
    assert scored.returncode == 0, scored.stderr
    return scored.stdout.splitlines()


def test_bytes_that_are_not_utf_8_read_as_replacement_characters(literal):
    malformed, replaced, without = score_bytes(literal, r"\xffx\n\xef\xbf\xbdx\nx\n")
    assert malformed == replaced
    assert malformed != without


def test_one_carriage_return_belongs_to_the_end_of_a_line(literal):
    ended, bare, longer = score_bytes(literal, r"free\r\nfree\nfree\r\r\n")
    assert ended == bare
    assert ended != longer


def test_labels_are_written_as_they_are_spelt(literal):
    (line,) = score_bytes(literal, r"000000\n")
    assert line.startswith('{"label": "bänk", "scores": {"bänk": ')
