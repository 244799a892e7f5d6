"""What becomes of a night's model: published, refused, published nevertheless, taken back; and the night once more."""

import contextlib
import hashlib
import http.server
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from xml.etree import ElementTree

import pytest
from aiosmtpd.controller import Controller

from tests import conftest
from tests.support.nights import NIGHT, SMALL, objects, put, retrain, sample
from tests.tasks import canaries

STRICT = [
    *SMALL,
    "release.gate.floors={spam: {precision: 0.999, recall: null, f1: null}}",
]
REASON = "the reviewers' sheet of this week is known to be wrong"
OVERRIDE = [
    f"release.gate.override.night={NIGHT}",
    f"release.gate.override.reason={REASON}",
]
TOLD = "notify.events=[published, refused, rolled back, drift]"
FIRST = [option for patch in [*SMALL, TOLD] for option in ("--patch", patch)]
PRIVATE = re.compile(
    r"(ingest/messages|ingest/reviews|preprocessing/cleaned|preprocessing/training-set"
    r"|preprocessing/evaluation-set|reviews/reviewed-messages)-\w+[./]"
)
SAID: list[str] = []  # what commands wrote, and what was posted and mailed

# The luigi command, with a defect: cleaning fails, and its error quotes what it was given.
DEFECTIVE = """if True:
    import sys
    from luigi.cmdline import luigi_run
    from pipeline import preprocessing

    def clean(messages, settings):
        raise ValueError(f"cannot clean {messages.to_dict()}")

    preprocessing.clean = clean
    luigi_run(sys.argv[1:])
"""


def run(*command: str, **options) -> subprocess.CompletedProcess[str]:
    """The finished command; what it said is kept."""
    return kept(conftest.run(*command, **options))


def fork(*command: str, **options) -> subprocess.CompletedProcess[str]:
    """The same in a fork."""
    return kept(conftest.fork(*command, **options))


def nightsieve(
    *arguments: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """The finished nightsieve command; what it said is kept."""
    return kept(conftest.nightsieve(*arguments, environment=environment))


def kept(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    SAID.extend([done.stdout, done.stderr])
    return done


@contextlib.contextmanager
def listening(answer: int) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that gives this answer, and the texts that it was sent."""
    texts: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(
                json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
            )
            SAID.append(texts[-1])
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *arguments) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/s3cret", texts
        server.shutdown()


@pytest.fixture(scope="module")
def first(night_environment) -> dict[str, str]:
    """The environment in which one night was run, and its model published."""
    sample(night_environment, rows=800)
    canaries.plant(night_environment)
    done = fork(*retrain(patches=[*SMALL, TOLD]), environment=night_environment)
    assert done.returncode == 0, done.stderr
    assert "Published as model 1: the first one." in done.stdout
    # Nobody listens, which the night does not mind.
    assert (
        "the notice of published was not sent: the variable is not set; check NIGHTSIEVE_WEBHOOK_URL"
        in done.stderr
    )
    return night_environment


def current(environment: dict[str, str]) -> int:
    return json.loads(objects(environment)["models/current.json"])["serial"]


def listed(environment: dict[str, str]) -> list[str]:
    return nightsieve("models", "list", environment=environment).stdout.splitlines()


def test_a_refusal_is_a_finished_night_with_a_code_of_its_own_and_leaves_what_is_current(
    first, tmp_path
):
    with listening(500) as (address, texts):
        environment = {**first, "NIGHTSIEVE_WEBHOOK_URL": address}
        refused = fork(*retrain(patches=[*STRICT, TOLD]), environment=environment)
    assert refused.returncode == 50, refused.stderr
    assert "Refused: the published model stays as it is." in refused.stdout
    reason = re.search(
        r"floor spam: precision [\d.]+, must be at least 0.999", refused.stdout
    )
    assert reason
    assert reason[0] in refused.stderr
    (text,) = texts
    assert f"The model of {NIGHT} was refused" in text
    assert reason[0] in text
    assert "the notice of refused was not sent: HTTP 500" in refused.stderr
    assert "s3cret" not in refused.stderr
    assert current(first) == 1
    layers = [option for patch in [*STRICT, TOLD] for option in ("--patch", patch)]
    fetched = nightsieve(
        "runs", "fetch", NIGHT, *layers, "--to", str(tmp_path), environment=first
    )
    assert fetched.returncode == 0, fetched.stderr
    page = ElementTree.fromstring((tmp_path / "report" / "index.html").read_text())
    assert reason[0] in "".join(page.find("body/header").itertext())
    again = fork(*retrain(patches=[*STRICT, TOLD]), environment=first)
    assert again.returncode == 50
    assert "Did not run any tasks" in again.stderr
    assert len(listed(first)) == 1


def test_an_override_publishes_with_its_reason_and_a_rollback_takes_it_back(
    first, tmp_path
):
    done = fork(*retrain(patches=[*STRICT, TOLD, *OVERRIDE]), environment=first)
    assert done.returncode == 0, done.stderr
    assert f"Published as model 2, although it failed: {REASON}" in done.stdout
    shown = json.loads(
        nightsieve("runs", "show", NIGHT, "--json", environment=first).stdout
    )
    assert shown["results"]["decision"]["override"] == REASON
    assert shown["results"]["decision"]["champion"] == 1
    assert current(first) == 2
    with listening(200) as (address, texts):
        environment = {**first, "NIGHTSIEVE_WEBHOOK_URL": address}
        rollback = ("models", "rollback", "1", "--reason", "spam gets through")
        # Nothing is published by a command that fails.
        wrong = nightsieve(
            *rollback, "--patch", "notify.event=[refused]", environment=environment
        )
        assert wrong.returncode == 3
        assert "did you mean events?" in wrong.stderr
        assert current(first) == 2
        back = nightsieve(*rollback, "--patch", TOLD, environment=environment)
        assert back.stdout == "Model 1 is published again, as 3: spam gets through\n"
    assert texts == ["Model 1 is published again, as 3: spam gets through"]
    assert current(first) == 3
    assert [line.split()[0] for line in listed(first)] == ["1", "2", "3"]
    assert "current, is model 1 again: spam gets through" in listed(first)[2]
    page = objects(first)["reports/index.html"].decode()
    assert (
        f"Current: model 3 of {NIGHT}, which is model 1 again: spam gets through"
        in page
    )
    assert page.count("1, current as 3") == 1
    for serial, folder in (("1", "old"), ("3", "new")):
        fetched = nightsieve(
            "models",
            "fetch",
            "--serial",
            serial,
            "--to",
            str(tmp_path / folder),
            environment=first,
        )
        assert fetched.returncode == 0, fetched.stderr
        assert json.loads((tmp_path / folder / "manifest.json").read_bytes())[
            "serial"
        ] == int(serial)
    assert (tmp_path / "old/model.json").read_bytes() == (
        tmp_path / "new/model.json"
    ).read_bytes()
    silent = nightsieve(
        "models", "rollback", "1", "--reason", " . . . . . . ", environment=first
    )
    assert silent.returncode == 2
    assert "must say why, in 10 characters or more" in silent.stderr
    missing = nightsieve(
        "models", "rollback", "9", "--reason", "there is none", environment=first
    )
    assert (missing.returncode, missing.stderr) == (
        3,
        "Error: there is no model 9; see nightsieve models list\n",
    )


def test_explain_names_what_made_a_task_run(first):
    other = [*STRICT, TOLD, *OVERRIDE]
    assert fork(*retrain(patches=other), environment=first).returncode == 0
    explained = nightsieve(
        "runs", "explain", NIGHT, *FIRST, "--against", NIGHT, environment=first
    ).stdout
    assert "FitModel: taken over, nothing it depends on has changed\n" in explained
    assert re.search(
        r"^GateModel: release.gate.floors.*; release.gate.override.*$",
        explained,
        re.MULTILINE,
    )
    assert re.search(r"^PublishModel: depends on GateModel$", explained, re.MULTILINE)
    one = nightsieve(
        "runs",
        "explain",
        NIGHT,
        *FIRST,
        "--against",
        NIGHT,
        "--task",
        "FitModel",
        environment=first,
    )
    assert one.stdout.splitlines()[1:] == [
        "FitModel: taken over, nothing it depends on has changed"
    ]
    none = nightsieve(
        "runs",
        "explain",
        NIGHT,
        *FIRST,
        "--against",
        NIGHT,
        "--task",
        "Nosuch",
        environment=first,
    )
    assert (none.returncode, none.stdout) == (3, "")
    assert re.fullmatch(
        rf"Error: --task Nosuch: the night of {NIGHT} has .*\bFitModel\b.*\n",
        none.stderr,
    )


def test_a_replay_compares_every_object_and_touches_nothing(first):
    config = json.loads(
        nightsieve("runs", "show", NIGHT, *FIRST, "--json", environment=first).stdout
    )["config"]
    key = f"runs/{NIGHT}/{config}.json"
    manifest = json.loads(objects(first)[key])
    for receipt in manifest["tasks"]:
        if receipt["task"] == "FitModel":
            receipt["sha256"] = "0" * 64
    content = json.dumps(manifest).encode()
    receipt = json.loads(objects(first)[f"{key}.receipt.json"])
    receipt["sha256"] = hashlib.sha256(content).hexdigest()
    put(first, f"{key}.receipt.json", json.dumps(receipt).encode())
    put(first, key, content)
    before = objects(first)
    replayed = run("nightsieve", "runs", "replay", NIGHT, *FIRST, environment=first)
    assert objects(first) == before
    assert replayed.returncode == 8, replayed.stderr
    assert re.search(
        r"^FitModel: other bytes \(training/pipeline-\w+\.joblib\)$",
        replayed.stdout,
        re.MULTILINE,
    )
    same, compared = re.search(
        r"^(\d+) of (\d+) objects are the same", replayed.stdout, re.MULTILINE
    ).groups()
    # Not the rows, the reviews, the time that a message took, nor the publication; and one is not the same.
    assert int(same) == int(compared) - 1 == len(manifest["tasks"]) - 4 - 1


def test_a_replay_decides_again_against_the_model_that_was_published_then(first):
    # That of the night before is not the current one any more: the night of the override published one.
    layers = [option for patch in [*STRICT, TOLD] for option in ("--patch", patch)]
    shown = json.loads(
        nightsieve("runs", "show", NIGHT, *layers, "--json", environment=first).stdout
    )
    assert shown["results"]["decision"]["champion"] == 1 != current(first)
    assert "MeasureSpeed" in {receipt["task"] for receipt in shown["tasks"]}
    replayed = fork("nightsieve", "runs", "replay", NIGHT, *layers, environment=first)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    same, compared = re.search(
        r"^(\d+) of (\d+) objects are the same", replayed.stdout, re.MULTILINE
    ).groups()
    assert same == compared == str(len(shown["tasks"]) - 4)


class Mailbox:
    """What an SMTP server keeps."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture(scope="module")
def failed(first, tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], Message]:
    """A night with a defect, and the e-mail that luigi sends of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = tmp_path_factory.mktemp("mail") / "luigi.cfg"
    mail = f"[email]\nforce_send = true\nreceiver = oncall@example.org\n[smtp]\nhost = 127.0.0.1\nport = {port}\n"
    own.write_text(
        f"{Path(first['LUIGI_CONFIG_PATH']).read_text()}\n{mail}[worker]\nkeep_alive = false\n"
    )
    server = Controller(mailbox := Mailbox(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        command = retrain(patches=[*SMALL, "source.shards=1", "text.min_token=2"])[1:]
        done = fork(
            sys.executable,
            "-c",
            DEFECTIVE,
            *command,
            environment={**first, "LUIGI_CONFIG_PATH": str(own)},
        )
    finally:
        server.stop()
    (mail,) = mailbox.mails
    return done, mail


def test_a_defect_is_shown_where_it_is_and_quotes_no_message(failed):
    done, _ = failed
    assert done.returncode == 30, done.stderr
    assert re.search(
        r"Traceback .*tasks/preprocessing.py.*ValueError: its message is left out",
        done.stderr,
        re.DOTALL,
    )


def test_luigi_mails_a_failure(failed):
    _, mail = failed
    assert mail["To"] == "oncall@example.org"
    assert re.match(r"Luigi: CleanMessages.* FAILED\. Host: ", mail["Subject"])
    (text,) = mail.get_payload()
    text = text.get_payload(decode=True).decode()
    SAID.append(text)
    assert re.search(rf"date +: {NIGHT}\n", text)
    assert "ValueError: its message is left out" in text


def test_no_message_and_no_secret_is_anywhere_but_where_messages_are_kept(
    first, failed
):
    for command in (
        ["runs", "list"],
        ["runs", "show", NIGHT],
        ["runs", "explain", NIGHT, *FIRST],
        ["models", "list"],
    ):
        nightsieve(*command, environment=first)
    stored = {
        key: canaries.decoded(key, content) for key, content in objects(first).items()
    }
    holding = {key for key, text in stored.items() if canaries.found(text, first)}
    private = {
        key for key in stored if PRIVATE.match(key) and not key.endswith(".json")
    }
    assert holding == private
    assert len({PRIVATE.match(key)[1] for key in private}) == 6
    said = [*SAID, *canaries.scheduler_says(first)]
    assert len(said) > 20
    assert [
        found for text in said if (found := canaries.found(text, first, "s3cret"))
    ] == []
    assert [key for key, text in stored.items() if "s3cret" in text] == []
