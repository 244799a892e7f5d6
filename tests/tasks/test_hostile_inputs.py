"""Configurations of people who may not know the secrets or write to the database."""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from nightsieve.store import configurations
from nightsieve.store.receipts import VARIABLE as RECEIPT_KEY
from pipeline import config
from tests.support.commands import fork
from tests.support.nights import (
    RULED,
    SMALL,
    assert_whole,
    model,
    objects,
    put,
    retrain,
    sample,
)

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefghij", "bcdefghijk", strict=True)
)
#: Overlays, and what the line that refuses them says.
OVERLAYS = {
    "bomb": (BOMB, "holds more than 150,000 values or 4 MB of them"),
    "large": ("a: 1\n" * 1_560_000, "larger than 4 MB; use several files"),
    "in itself": ("text: &a {stop_words: *a}", "an alias refers to the value"),
    "deep": ("[" * 1_000_000, "nested deeper than 32 levels"),
    "merge": ("text: {<<: {digits: keep}}", "merge keys (<<) are not supported"),
    "shadow": ("root:$6$hunter2:1:0:9:7:::\nbin:*hunter2:1:0:9:7:::\n", "unknown key"),
}
DROP = (
    "1=1) LIMIT 5) TO STDOUT; DROP TABLE victim; COMMIT; "
    "COPY (SELECT 'x','y','z',1,'no' WHERE (1=1"
)


@pytest.fixture(scope="module")
def messages(night_environment) -> dict[str, str]:
    """An environment with messages, and a table that nobody may drop."""
    sample(night_environment)
    put(night_environment, "layout.json", b'{"layout": 1, "written_by": "a test"}')
    url = night_environment["NIGHTSIEVE_DATABASE_WRITER_URL"]
    with contextlib.closing(psycopg2.connect(url)) as connection, connection:
        connection.cursor().execute("CREATE TABLE victim AS SELECT 'kept' AS name")
    return night_environment


def refuse(code: int, says: str, *options: str, patches=RULED, environment) -> None:
    """Require that a night ends with this code and a line, and shows no secret."""
    command = retrain(*options, patches=[*patches])
    night = fork(*command, environment={**environment, "SMTP_PASS": "hunter2"})
    assert night.returncode == code, night.stderr
    assert says in night.stderr
    assert "Traceback" not in night.stderr
    assert "hunter2" not in night.stdout + night.stderr
    for name in ("AWS_SECRET_ACCESS_KEY", "NIGHTSIEVE_DATABASE_URL"):
        assert environment[name] not in night.stdout + night.stderr


class Listener:
    """A server that notes what it receives."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.received.append(b"a connection")
                connection.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with contextlib.closing(Listener()) as listener:
        yield listener


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "SMTP_PASS"])
def test_no_variable_is_sent_to_a_host_that_a_patch_names(messages, listener, name):
    url = f"postgresql://u:${{{name}}}@127.0.0.1:{listener.port}/x"
    patches = [*RULED, f"source.url={url}"]
    refuse(40, "not one reference", patches=patches, environment=messages)
    assert not listener.received


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "postgresql://u:${AWS_SECRET_ACCESS_KEY}@127.0.0.1:PORT/x",
            "not one reference",
        ),
        ("${AWS_SECRET_ACCESS_KEY}", "may not be used here"),
    ],
)
def test_a_frozen_configuration_of_somebody_else_sends_nothing(
    messages, listener, url, says
):
    resolved = configurations.resolve((), tuple(RULED))
    settings = resolved.settings.model_dump(mode="json")
    settings["source"]["url"] = url.replace("PORT", str(listener.port))
    content = config.canonical_json(settings)
    digest = config.digest(content)
    put(messages, f"configs/{digest}.json", content)
    refuse(40, says, "--config", digest, patches=[], environment=messages)
    assert not listener.received


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_that_is_none_is_refused_in_a_line(messages, tmp_path: Path, name):
    content, says = OVERLAYS[name]
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(content)
    refuse(40, says, "--config", str(overlay), environment=messages)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (DROP, "source.messages.where: 42601 syntax_error"),
        (
            "pg_terminate_backend(pg_backend_pid())",
            "pg_terminate_backend() is volatile",
        ),
    ],
)
def test_a_condition_of_several_statements_drops_nothing(messages, where, says):
    # Even if the account of nights may do everything.
    url = messages["NIGHTSIEVE_DATABASE_WRITER_URL"]
    patches = [*RULED, f"source.messages.where={json.dumps(where)}"]
    environment = {**messages, "NIGHTSIEVE_DATABASE_URL": url}
    refuse(30, says, patches=patches, environment=environment)
    with contextlib.closing(psycopg2.connect(url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM victim")
        assert cursor.fetchall() == [("kept",)]


def test_a_night_with_the_account_that_reads_and_a_key_is_done_once(messages):
    account = re.search("//(.*?):", messages["NIGHTSIEVE_DATABASE_URL"])
    assert account is not None
    assert account[1] == "nightsieve_reader"
    signed = {
        **messages,
        "NIGHTSIEVE_STORAGE": f"{messages['NIGHTSIEVE_STORAGE']}/signed",
        RECEIPT_KEY: "0f" * 32,
    }
    del signed["NIGHTSIEVE_DATABASE_WRITER_URL"]
    night = fork(*retrain(patches=SMALL), environment=signed)
    assert night.returncode == 0, night.stderr
    stored = objects(signed)
    assert_whole(stored)
    again = fork(*retrain(patches=SMALL), environment=signed)
    assert again.returncode == 0, again.stderr
    assert model(objects(signed)) == model(stored)
    assert " running " not in again.stderr
