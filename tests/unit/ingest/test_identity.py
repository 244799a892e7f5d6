"""The database of a configuration: its URL, its identity, and no secret in either."""

import pytest

from pipeline import config, ingest
from pipeline.errors import ConfigError
from pipeline.rules.files import read_rules

REFERENCE = "${NIGHTSIEVE_DATABASE_URL}"
URL = "postgresql://xenia:hunter2@db.example:5432/messages"
ENVIRONMENT = {
    "NIGHTSIEVE_DATABASE_URL": URL,
    "NIGHTSIEVE_URL_NAMES": "UNSET_URL",
    "AWS_SECRET_ACCESS_KEY": "hunter2",
}


@pytest.fixture(scope="module")
def settings() -> config.Settings:
    defaults = config.file_layer(config.DEFAULTS)
    return config.resolve([defaults], read_rules, {}).settings


def identity(settings: config.Settings, url: str) -> str:
    environment = {"NIGHTSIEVE_DATABASE_URL": url}
    return ingest.database_identity(ingest.database_url(settings.source, environment))


def test_the_secret_is_looked_up_in_the_environment(settings):
    assert settings.source.url == REFERENCE
    assert ingest.database_url(settings.source, ENVIRONMENT).password == "hunter2"


def test_another_database_has_another_identity_and_another_account_has_not(settings):
    ours = identity(settings, URL)
    assert ours == identity(settings, "postgresql://writer:secret@db.example/messages")
    for other in (
        "postgresql://xenia:hunter2@db.example:6543/messages",
        "postgresql://xenia:hunter2@db.example:5432/other",
        "postgresql://xenia:hunter2@other.example:5432/messages",
        "sqlite:///messages",
    ):
        assert ours != identity(settings, other), other


def test_a_relative_path_to_sqlite_is_that_of_this_folder(
    settings, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    absolute = identity(settings, f"sqlite:///{tmp_path}/messages.db")
    assert identity(settings, "sqlite:///messages.db") == absolute


def test_the_identity_and_no_part_of_the_account_is_in_the_digest(settings):
    ours = config.with_identity(settings, identity(settings, URL))
    other = config.with_identity(settings, identity(settings, "sqlite:///messages"))
    frozen = config.canonical(ours)
    for secret in (b"hunter2", b"xenia", b"db.example"):
        assert secret not in frozen
    assert config.digest(frozen) != config.digest(config.canonical(other))
    assert ours.source.identity.encode() in frozen
    assert settings.source.identity is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "${UNSET_URL}",
            "the environment variable UNSET_URL is not set; export it, or",
        ),
        (URL, "not one reference to a variable; write ${NIGHTSIEVE_DATABASE_URL}, and"),
        (
            "postgresql://u:${AWS_SECRET_ACCESS_KEY}@127.0.0.1:4444/x",
            "not one reference to a variable; write ${NIGHTSIEVE_DATABASE_URL}, and",
        ),
        ("${AWS_SECRET_ACCESS_KEY}", "${AWS_SECRET_ACCESS_KEY} may not be used here"),
    ],
)
def test_a_wrong_url_is_refused_with_its_layer_and_without_its_secret(
    settings, url, says
):
    source = settings.source.model_copy(update={"url": url})
    with pytest.raises(ConfigError) as refused:
        ingest.database_url(source, ENVIRONMENT, "overlay.yaml")
    message = str(refused.value)
    assert message.startswith(f"overlay.yaml: source.url: {says}")
    assert "hunter2" not in message


def test_a_wrong_url_in_the_environment_is_refused_without_its_secret(settings):
    for url in ("mysql://xenia:hunter2@db/messages", "postgresql:xenia:hunter2"):
        with pytest.raises(ConfigError) as refused:
            identity(settings, url)
        assert "hunter2" not in str(refused.value)
