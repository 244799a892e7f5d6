"""A forgotten message is in no object, no table and no file of the services."""

import contextlib
import gzip
import html
import io
import json
import os
import re
import subprocess
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psycopg2
import pytest

from nightsieve.cli.services import Stack
from nightsieve.cli.services.credentials import Credentials
from nightsieve.cli.services.postgres import SUPERUSER, _binary
from tests.support.commands import fork, nightsieve
from tests.support.nights import NIGHT, SMALL, assert_whole, objects, retrain, sample
from tests.tasks.canaries import DIGITS, SENDER, WORD, decode, plant

NEXT = "2026-11-21"
LATER = "2026-11-23"
CHURNING = "training.search.grids=[{estimator: multinomial_nb, ngrams: [[1, 1]], "
CHURNING += "min_df: [2], sublinear_tf: [true], norm: [l2], alpha: [90]}]"


@dataclass(frozen=True)
class Secrets:
    """Messages, and the words and digits that only they have."""

    keys: list[str]
    words: list[bytes]

    def found_in(self, content: bytes) -> list[bytes]:
        """Return the words in some bytes, whatever their case."""
        folded = content.lower()
        return [word for word in self.words if word in folded]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Services of their own: their whole home is searched."""
    stack = Stack(tmp_path_factory.mktemp("forget") / "home", durable=False)
    stack.up()
    yield stack
    stack.down()


@pytest.fixture(scope="module")
def environment(stack: Stack) -> dict[str, str]:
    """Two nights, the second with a champion, on messages with words of their own."""
    temporary = stack.home.parent / "tmp"
    temporary.mkdir()
    environment = {
        **stack.environment(),
        "NIGHTSIEVE_HOME": str(stack.home),
        "TMPDIR": str(temporary),
    }
    sample(environment, rows=800)
    plant(environment)
    query(environment["NIGHTSIEVE_DATABASE_WRITER_URL"], "ANALYZE messages")
    for command in (
        retrain(),
        retrain(patches=[*SMALL, CHURNING], night=NEXT),
    ):
        night = fork(*command, environment=environment)
        assert night.returncode in (0, 50), night.stderr
    # What the server has in memory comes to its files, and then to its log again.
    superuser = Credentials.of(stack.home).postgres_superuser
    url = environment["NIGHTSIEVE_DATABASE_WRITER_URL"]
    address = url.rpartition("@")[2]
    query(f"postgresql://{SUPERUSER}:{superuser}@{address}", "CHECKPOINT")
    query(url, "UPDATE messages SET body = body")
    return environment


def query(url: str, statement: str) -> list[tuple]:
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def choose(environment: dict[str, str], stored: dict[str, bytes]) -> Secrets:
    """Return messages that are held out, that train, and that were reviewed."""
    url = environment["NIGHTSIEVE_DATABASE_WRITER_URL"]
    keys: list[str] = []
    for key, content in stored.items():
        if not key.endswith(".parquet"):
            continue
        if key.startswith("preprocessing/evaluation-set-"):
            bodies = pd.read_parquet(io.BytesIO(content))["body"].tolist()[:40:10]
            key_of = dict(query(url, "SELECT body, key FROM messages"))
            keys += [key_of[body] for body in bodies if body in key_of]
        elif key.startswith(("reviews/reviewed-", "preprocessing/cleaned-")):
            keys += pd.read_parquet(io.BytesIO(content))["key"].tolist()[:3]
    chosen = list(dict.fromkeys(keys))
    assert len(chosen) > 6
    words = []
    for key, body, sender in query(url, "SELECT key, body, sender FROM messages"):
        if key in chosen:
            text = f"{body} {sender or ''}".lower()
            words += re.findall("|".join([WORD, SENDER, DIGITS]), text)
            words.append(body.lower())
    return Secrets(chosen, [word.encode() for word in words])


def dump(environment: dict[str, str]) -> bytes:
    command = [str(_binary("pg_dump")), environment["NIGHTSIEVE_DATABASE_URL"]]
    return subprocess.run(command, check=True, capture_output=True).stdout


def readings(path: Path) -> Iterable[bytes]:
    """Yield the bytes of a file, and what they hold in compressed form."""
    content = path.read_bytes()
    yield content
    with contextlib.suppress(OSError, EOFError, zlib.error):
        yield gzip.decompress(content)
    if path.suffix in (".parquet", ".npz", ".joblib", ".json"):
        yield decode(path.name, content).encode("utf-8", "surrogatepass")
    if path.suffix == ".html":
        yield html.unescape(content.decode()).encode()


def holders(home: Path, secrets: Secrets) -> list[str]:
    """Return the files of a folder that hold one of the words."""
    return sorted(
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file()
        and any(secrets.found_in(reading) for reading in readings(path))
    )


def test_a_forgotten_message_is_nowhere(stack, environment, tmp_path):
    stored = objects(environment)
    secrets = choose(environment, stored)
    before = holders(stack.home.parent, secrets)
    for kind in ("s3/", "postgres/base/", "postgres/pg_wal/"):
        assert any(f"home/{kind}" in name for name in before), kind
    command = ["forget", *secrets.keys[1:], "--from", str(tmp_path / "keys.txt")]
    (tmp_path / "keys.txt").write_text(f"{secrets.keys[0]}\n\n")

    looked = nightsieve(*command, "--dry-run", environment=environment)
    assert looked.returncode == 0, looked.stderr
    assert f"{len(secrets.keys)}  rows of the table messages would be" in looked.stdout
    assert objects(environment) == stored

    done = nightsieve(*command, "--yes", environment=environment)
    assert done.returncode == 0, done.stderr
    assert holders(stack.home.parent, secrets) == []
    assert not secrets.found_in(dump(environment))
    for key in secrets.keys:
        pattern = re.escape(key)
        assert not re.search(rf"(?<!\d){pattern}(?!\d)", _keys(environment))

    after = objects(environment)
    assert_whole(after)
    for date in (NIGHT, NEXT):
        shown = nightsieve("runs", "show", date, environment=environment)
        assert re.search(r"\d+ messages were erased later", shown.stdout)
        repaired = nightsieve("runs", "repair", date, environment=environment)
        assert "nothing is damaged" in repaired.stdout
        fetch = ["runs", "fetch", date, "--to", str(tmp_path / date)]
        fetched = nightsieve(*fetch, environment=environment)
        assert fetched.returncode == 0, fetched.stderr
        page = (tmp_path / date / "report" / "index.html").read_text()
        assert "messages were erased later" in page
    assert objects(environment) == after

    again = nightsieve(*command, "--yes", environment=environment)
    assert again.returncode == 3
    assert "in no table and in no night" in again.stderr
    assert objects(environment) == after


def _keys(environment: dict[str, str]) -> str:
    """Return the keys in all tables of the store, a line each."""
    keys = []
    for key, content in objects(environment).items():
        if key.endswith(".parquet"):
            table = pd.read_parquet(io.BytesIO(content))
            if "key" in table:
                keys += table["key"].tolist()
    return "\n".join(keys)


def test_a_night_goes_on_after_its_messages_were_forgotten(environment):
    """Also one that was stopped after it had built its training set."""
    finished = fork(*retrain(), environment=environment)
    assert finished.returncode == 0
    assert "Did not run any tasks" in finished.stderr
    other = [*SMALL, "training.max_iter=9999"]
    resumed = fork(*retrain(patches=other), environment=environment)
    assert resumed.returncode in (0, 50), resumed.stderr
    manifest = nightsieve("runs", "show", NIGHT, "--json", environment=environment)
    tasks = json.loads(manifest.stdout)["tasks"]
    assert {task["task"] for task in tasks if task["erased"]} >= {
        "IngestMessages",
        "BuildTrainingSet",
    }


def test_a_replay_says_what_was_erased(environment):
    replayed = fork("nightsieve", "runs", "replay", NEXT, environment=environment)
    assert replayed.returncode == 0, replayed.stderr
    assert "BuildTrainingSet: erased, messages of it are gone (" in replayed.stdout
    assert "other bytes" not in replayed.stdout
    assert re.search(r"\d+ objects cannot be compared", replayed.stdout)
    assert "1 of 1 objects are the same, byte for byte" in replayed.stdout


def test_a_night_erases_the_messages_of_nights_that_are_too_old(environment):
    """The champion's night is among them: the gate needs its model alone."""
    patches = [*SMALL, "release.keep.messages_days=1"]
    night = fork(*retrain(patches=patches, night=LATER), environment=environment)
    assert night.returncode in (0, 50), night.stderr
    assert_whole(objects(environment))
    words = re.compile("|".join([WORD, SENDER]), re.IGNORECASE)
    dates = {}
    for date in (NIGHT, NEXT, LATER):
        shown = nightsieve("runs", "show", date, "--json", environment=environment)
        manifest = json.loads(shown.stdout)
        keys = [task["key"] for task in manifest["tasks"]]
        keys += [part["key"] for part in manifest["results"]["messages"]["parts"]]
        stored = objects(environment)
        held = [key for key in keys if words.search(decode(key, stored[key]))]
        dates[date] = bool(held)
        repaired = nightsieve("runs", "repair", date, environment=environment)
        assert "nothing is damaged" in repaired.stdout
    assert dates == {NIGHT: False, NEXT: False, LATER: True}
    decision = manifest["results"]["decision"]
    assert decision["champion"] is not None
    again = fork(*retrain(patches=patches, night=LATER), environment=environment)
    assert again.returncode == night.returncode
    assert "Did not run any tasks" in again.stderr


def test_what_cannot_be_forgotten_is_one_line(environment, tmp_path):
    nothing = nightsieve("forget", environment=environment)
    assert nothing.returncode == 3
    assert nothing.stderr == (
        "Error: KEY: missing; name the keys of messages, or use --from FILE\n"
    )
    file = str(tmp_path / "missing.txt")
    missing = nightsieve("forget", "--from", file, environment=environment)
    assert missing.returncode == 7
    assert missing.stderr.startswith(f"Error: --from {file}: cannot be read: No such")
    unknown = nightsieve("forget", "nowhere", "--yes", environment=environment)
    assert unknown.returncode == 3
    assert "Nowhere: nowhere\n" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    assert os.listdir(environment["TMPDIR"]) == []
