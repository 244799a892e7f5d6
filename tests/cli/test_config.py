"""`nightsieve config show`, and `rules match` without a database."""

import pytest

from pipeline.records.words import DASH
from tests.support.commands import nightsieve
from tests.support.nights import put

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


def refusal(*arguments: str, **environment: str) -> str:
    """Return the one or two lines with which a command refuses an input."""
    environment = {"AWS_SECRET_ACCESS_KEY": "hunter2", **environment}
    refused = nightsieve("config", "show", *arguments, environment=environment)
    assert refused.returncode == 3
    assert not refused.stdout
    assert refused.stderr.startswith("Error: ")
    assert refused.stderr.count("\n") <= 3
    assert "Traceback" not in refused.stderr
    assert "hunter2" not in refused.stderr
    return refused.stderr


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "postgresql://u:${AWS_SECRET_ACCESS_KEY}@127.0.0.1:4444/x",
        "${NIGHTSIEVE_DATABASE_URL}?sslrootcert=/tmp/x",
        "x${NIGHTSIEVE_DATABASE_URL}",
        "sqlite:////etc/passwd",
    ],
)
def test_a_url_in_the_configuration_is_refused_and_not_shown(url):
    error = refusal("--patch", f"source.url={url}", NIGHTSIEVE_DATABASE_URL=URL)
    assert "--patch source.url: source.url: not one reference to a variable" in error


def test_a_secret_does_not_reach_another_key_or_the_url():
    for key, says in (
        ("source.url", "may not be used here"),
        ("text.stop_words.0", "is not made for configurations"),
        ("source.messages.table", "is not made for configurations"),
    ):
        error = refusal("--patch", f"{key}=${{AWS_SECRET_ACCESS_KEY}}")
        assert f"{key}: ${{AWS_SECRET_ACCESS_KEY}} {says}" in error
    error = refusal("--patch", "text.stop_words=[a, 'b${SMTP_PASS}']", SMTP_PASS="x")
    assert "text.stop_words.1: ${SMTP_PASS} is not made for configurations" in error


def test_a_variable_for_configurations_is_used_and_frozen():
    patch = ("--patch", "source.messages.where=country = '${NIGHTSIEVE_VAR_COUNTRY}'")
    lines = show(*patch, NIGHTSIEVE_VAR_COUNTRY="IN")
    assert "source.messages.where = \"country = 'IN'\"" in lines


SHADOW = """root:$6$hunter2$lLGHqpQ:19000:0:99999:7:::
daemon:*hunter2:19000:0:99999:7:::
bin:hunter2:19000:0:99999:7:::
sys:*:hunter2:0:99999:7:::
sync:*:19000:hunter2:99999:7:::
games:*:19000:0:99999:hunter2:::
"""


@pytest.mark.parametrize(
    "content",
    [
        SHADOW,
        "hunter2\n",
        "- hunter2\n",
        "text: hunter2\n",
        "password is hunter2: 1\ntext: [hunter2]\n",
        "labelling: {rules: [{id: hunter2}, hunter2]}\n",
        "a: *hunter2\n",
        "a: !hunter2 b\n",
        "a: 'hunter2\n",
        "a: hunter2: hunter2\n",
        "hunter2$ x: 1\nhunter2$ x: 2\n",
    ],
)
def test_a_file_that_is_no_configuration_is_not_shown(tmp_path, content):
    file = tmp_path / "shadow"
    file.write_text(content)
    error = refusal("--config", str(file))
    assert f"{file}" in error


def test_what_cannot_be_an_overlay_is_refused_at_once(tmp_path):
    large = tmp_path / "large.yaml"
    large.write_bytes(b"a: 1\n" * 1_560_000)
    for path in (str(large), "/dev/zero"):
        assert f"{path}: larger than 4 MB" in refusal("--config", path)
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text("text: &a {preset: ascii, digits: *a}")
    assert "an alias refers to the value that it is in" in refusal(
        "--config", str(bomb)
    )


def test_an_overlay_in_the_store_is_asked_for_its_size(environment):
    objects = f"{environment['NIGHTSIEVE_STORAGE']}/large.yaml"
    put(environment, "large.yaml", b"a: 1\n" * 1_560_000)
    put(environment, "good.yaml", b"text: {min_token: 2}")
    error = refusal("--config", objects, **environment)
    assert f"{objects}: larger than 4 MB; use several files" in error
    good = objects.replace("large", "good")
    assert "text.min_token = 2" in show("--config", good, **environment)


def test_rules_are_read_without_a_database(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % ("code", "code"))
    (tmp_path / "personal.yaml").write_text(RULE % ("mum", "mum"))
    pack = ("--patch", f"labelling.rules={tmp_path}")
    matched = nightsieve("rules", "match", "the code", *pack, environment={})
    assert (matched.returncode, matched.stderr) == (0, "")
    assert matched.stdout.endswith("Label: spam\n")
