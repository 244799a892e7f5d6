"""`nightsieve config show`, and `rules match` without a database."""

import pytest

from pipeline.records.words import DASH
from tests.support.commands import nightsieve

RULE = "- {id: %s, pattern: %s, why: test, matches: [x], near_misses: [y]}"
URL = "postgresql://xenia:hunter2@db.example/messages"


@pytest.fixture(autouse=True)
def no_services(monkeypatch):
    for name in ("NIGHTSIEVE_DATABASE_URL", "NIGHTSIEVE_STORAGE"):
        monkeypatch.delenv(name, raising=False)


def show(*arguments: str, **environment: str) -> list[str]:
    done = nightsieve("config", "show", *arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_without_a_database_everything_but_the_digest_is_shown():
    lines = show()
    assert "training.holdout_fraction = 0.05" in lines
    assert "source.identity = null" in lines
    assert 'source.url = "${NIGHTSIEVE_DATABASE_URL}"' in lines
    assert lines[-1].startswith(f"digest = {DASH}  # ")
    assert "NIGHTSIEVE_DATABASE_URL is not set" in lines[-1]


def test_with_a_database_the_digest_is_that_of_a_night():
    lines = show("--origin", NIGHTSIEVE_DATABASE_URL=URL)
    (identity,) = [line for line in lines if line.startswith("source.identity")]
    assert identity.endswith("  # derived from source.url")
    assert "null" not in identity
    assert lines[-1].endswith("  # of all keys above")
    digest_of_another_database = show(NIGHTSIEVE_DATABASE_URL="sqlite:///other.db")[-1]
    assert len(digest_of_another_database) == len("digest = 0123456789abcdef")
    assert digest_of_another_database != lines[-1].removesuffix("  # of all keys above")
    assert not [line for line in lines if "hunter2" in line]


def test_a_password_in_the_configuration_is_refused_and_not_shown():
    refused = nightsieve(
        "config", "show", "--patch", f"source.url={URL}", environment={}
    )
    assert refused.returncode == 3
    assert "--patch source.url: source.url: holds a password" in refused.stderr
    assert "hunter2" not in refused.stdout + refused.stderr


def test_rules_are_read_without_a_database(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % ("code", "code"))
    (tmp_path / "personal.yaml").write_text(RULE % ("mum", "mum"))
    pack = ("--patch", f"labelling.rules={tmp_path}")
    matched = nightsieve("rules", "match", "the code", *pack, environment={})
    assert (matched.returncode, matched.stderr) == (0, "")
    assert matched.stdout.endswith("Label: spam\n")
