"""Each scorer refuses a damaged file, or all score it alike; no scorer crashes."""

import functools
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.scorers.damage import Damage, damage_and_seal, damage_bytes, damage_entries
from tests.support import scorer_models
from tests.support.scorer_commands import Language, everywhere
from tests.support.texts import texts

FILES = 1000
SEED = 20261120


@pytest.fixture(scope="module")
def good() -> bytes:
    """A file as a night writes it, but of some hundred terms."""
    return scorer_models.exported(scorer_models.nightly(messages=400, min_df=4))


@functools.cache
def probes() -> list[str]:
    """Return some texts that contain terms, and some odd ones."""
    return [
        "",
        "Your code is 123456. Don't share it",
        "see you\0tomorrow \ud83d FREE",
        *list(texts(9000))[4750::700],
    ]


def damaged_files(damage: Damage, good: bytes, folder: Path) -> list[Path]:
    rng = random.Random(f"{SEED} {damage.__name__}")
    paths = [folder / f"{index}.json" for index in range(FILES)]
    for path in paths:
        path.write_bytes(damage(rng, good))
    return paths


def outcomes(running: dict[str, Language], paths: list[Path]) -> list[dict[str, str]]:
    """Return the outcome of each file, by language, without the reason of a refusal."""

    def drive(language: Language) -> list[str]:
        answers = language.drive([(language.scorer, path) for path in paths], probes())
        return [without_reason(answer) for answer in answers]

    driven = everywhere(running, drive)
    return [
        dict(zip(driven, file_outcomes, strict=True))
        for file_outcomes in zip(*driven.values(), strict=True)
    ]


def without_reason(outcome: str) -> str:
    return "refused" if outcome.startswith("refused ") else outcome


def test_every_damaged_file_is_refused(running, good, tmp_path, report):
    paths = damaged_files(damage_bytes, good, tmp_path)
    for path, outcome in zip(paths, outcomes(running, paths), strict=True):
        assert set(outcome.values()) == {"refused"}, f"{path}: {outcome}"
    languages = ", ".join(running)
    report(
        f"damaged files: {FILES:,} of {len(good):,} bytes, all refused by {languages}"
    )


@pytest.mark.parametrize(
    "damage", [damage_and_seal, damage_entries], ids=["sealed", "edited"]
)
def test_a_damaged_file_with_a_right_checksum_has_one_outcome_in_all_languages(
    damage, running, good, tmp_path, report
):
    paths = damaged_files(damage, good, tmp_path)
    tally = Counter()
    for path, outcome in zip(paths, outcomes(running, paths), strict=True):
        assert len(set(outcome.values())) == 1, f"{path}: {shortened(outcome)}"
        tally[outcome["python"].partition(" ")[0]] += 1
    assert set(tally) == {"refused", "scored"}
    report(f"{damage.__name__}: {FILES:,} files, all languages agree: {dict(tally)}")


def shortened(outcome: dict[str, str]) -> dict[str, str]:
    return {language: answer[:200] for language, answer in outcome.items()}


@pytest.mark.parametrize("seed", range(4))
def test_the_command_refuses_a_damaged_file_in_one_line(seed, running, good, tmp_path):
    path = tmp_path / "model.json"
    path.write_bytes(damage_bytes(random.Random(SEED + seed), good))
    for name, language in running.items():
        run = language.run(path, stdin=b"0061\n")
        assert (run.returncode, run.stdout) == (2, b""), name
        assert run.stderr.startswith(f"{path}: ".encode()), name
        assert run.stderr.count(b"\n") == 1, name
