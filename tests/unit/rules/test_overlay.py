"""A changed pack is a folder, a file of the night's own pack, or a file by itself."""

import json
from pathlib import Path

import pytest

from pipeline.config.settings import Engine, Labelling, Resolution
from pipeline.errors import ConfigError
from pipeline.rules.files import read_rules
from pipeline.rules.overlay import overlay_rules

PACK = {"spam.yaml": ["win", "prize", "offer"], "personal.yaml": ["mum", "dad"]}


def write(folder: Path, **changed: list[str]) -> Path:
    """Write the pack, with other ids in some of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, ids in PACK.items():
        entries = [
            {"id": rule_id, "pattern": rule_id, "why": "test"}
            for rule_id in changed.get(name.removesuffix(".yaml"), ids)
        ]
        (folder / name).write_text(json.dumps(entries))
    return folder


@pytest.fixture
def night(tmp_path) -> Labelling:
    return Labelling(
        rules=read_rules(write(tmp_path / "night")),
        engine=Engine(compile_timeout_seconds=1, search_timeout_seconds=1),
        resolution=Resolution(method="majority", min_confidence=0, soft_labels=False),
    )


def test_a_folder_is_a_whole_pack(night, tmp_path):
    folder = write(tmp_path / "changed", spam=["win", "bonus"])
    changed = overlay_rules(night, folder)
    ids = [rule.id for rule in changed.labelling.rules]
    assert ids == ["mum", "dad", "win", "bonus"]
    assert changed.source == f"{folder} is read as a whole pack"


def test_a_file_of_the_night_s_pack_is_read_with_the_pack(night, tmp_path):
    folder = write(tmp_path / "rules", spam=["win", "bonus"])
    changed = overlay_rules(night, folder / "spam.yaml")
    ids = [rule.id for rule in changed.labelling.rules]
    assert ids == ["mum", "dad", "win", "bonus"]
    assert f"belongs to the pack in {folder}" in changed.source


def test_any_other_file_replaces_rules_in_their_place_and_adds_new_ones(
    night, tmp_path
):
    (tmp_path / "alone").mkdir()
    file = tmp_path / "alone" / "spam.yaml"
    entries = [
        {"id": "bonus", "pattern": "bonus", "why": "test"},
        {"id": "mum", "pattern": "changed", "why": "test"},
    ]
    file.write_text(json.dumps(entries))
    changed = overlay_rules(night, file)
    rules = [(rule.id, rule.label) for rule in changed.labelling.rules]
    assert rules == [
        ("mum", "spam"),
        ("dad", "personal"),
        ("win", "spam"),
        ("prize", "spam"),
        ("offer", "spam"),
        ("bonus", "spam"),
    ]
    assert changed.labelling.rules[0].pattern == "changed"
    assert "stands alone, for spam" in changed.source


def test_a_pack_with_a_problem_is_refused(night, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="not a whole pack of rules"):
        overlay_rules(night, tmp_path / "empty")
    with pytest.raises(ConfigError, match=r"missing\.yaml: No such file"):
        overlay_rules(night, tmp_path / "missing.yaml")
