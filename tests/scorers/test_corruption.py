"""Whatever a file has become, each scorer refuses it or all score it alike; none crashes."""

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.scorers.damage import Damage, edited, spoilt, spoilt_and_sealed
from tests.support import scorer_models
from tests.support.scorer_commands import Language, everywhere
from tests.support.texts import texts

FILES = 1000
SEED = 20261120


@pytest.fixture(scope="module")
def good() -> bytes:
    """A file as a night writes it, but of some hundred terms."""
    return scorer_models.exported(scorer_models.nightly(messages=400, min_df=4))


@pytest.fixture(scope="module")
def probes() -> list[str]:
    """Some texts that hold terms, and some that are odd."""
    return [
        "",
        "Your code is 123456. Don't share it",
        "see you\0tomorrow \ud83d FREE",
        *list(texts(9000))[4750::700],
    ]


def damaged(damage: Damage, good: bytes, folder: Path) -> list[Path]:
    """So many spoilt files."""
    chance = random.Random(f"{SEED} {damage.__name__}")
    paths = [folder / f"{number}.json" for number in range(FILES)]
    for path in paths:
        path.write_bytes(damage(chance, good))
    return paths


def outcomes(running, paths: list[Path], probes: list[str]) -> list[dict[str, str]]:
    """What becomes of each file, by language; of a refusal without its reason."""

    def drive(language: Language) -> list[str]:
        found = language.drive([(language.scorer, path) for path in paths], probes)
        return [
            "refused" if outcome.startswith("refused ") else outcome
            for outcome in found
        ]

    driven = everywhere(running, drive)
    return [
        dict(zip(driven, found, strict=True))
        for found in zip(*driven.values(), strict=True)
    ]


def test_every_spoilt_file_is_refused(running, good, probes, tmp_path, report):
    paths = damaged(spoilt, good, tmp_path)
    for path, found in zip(paths, outcomes(running, paths, probes), strict=True):
        assert set(found.values()) == {"refused"}, f"{path}: {found}"
    report(
        f"spoilt files: {FILES:,} of {len(good):,} bytes, all refused by {', '.join(running)}"
    )


@pytest.mark.parametrize(
    "damage", [spoilt_and_sealed, edited], ids=lambda damage: damage.__name__
)
def test_a_spoilt_file_with_a_right_checksum_is_refused_by_all_or_scores_alike(
    damage, running, good, probes, tmp_path, report
):
    paths, tally = damaged(damage, good, tmp_path), Counter()
    for path, found in zip(paths, outcomes(running, paths, probes), strict=True):
        assert len(set(found.values())) == 1, (
            f"{path}: { {name: outcome[:200] for name, outcome in found.items()} }"
        )
        tally[found["python"].partition(" ")[0]] += 1
    assert set(tally) == {"refused", "scored"}
    report(
        f"{damage.__name__.replace('_', ' ')} files: {FILES:,}, all languages agree: {dict(tally)}"
    )


@pytest.mark.parametrize("number", range(4))
def test_the_command_refuses_a_spoilt_file_in_one_line(number, running, good, tmp_path):
    chance = random.Random(SEED + number)
    path = tmp_path / "model.json"
    path.write_bytes(spoilt(chance, good))
    for name, language in running.items():
        run = language.run(path, given=b"0061\n")
        assert (run.returncode, run.stdout) == (2, b""), name
        assert (
            run.stderr.startswith(f"{path}: ".encode()) and run.stderr.count(b"\n") == 1
        ), name
