"""The outcomes of a night's model: published, refused, overridden, rolled back.

And the night replayed and explained, and what a defect may show.
"""

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
from typing import Any
from xml.etree import ElementTree

import pytest
from aiosmtpd.controller import Controller

from nightsieve.store.receipts import open_receipt, seal_receipt
from tests.support import commands
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
NOTIFY = "notify.events=[published, refused, rolled back, drift]"


def patch_options(patches: list[str]) -> list[str]:
    """Return the patches as options of a nightsieve command."""
    options = []
    for patch in patches:
        options += ["--patch", patch]
    return options


FIRST = patch_options([*SMALL, NOTIFY])
REFUSED = patch_options([*STRICT, NOTIFY])
PRIVATE = re.compile(
    r"(ingest/messages|ingest/reviews|preprocessing/cleaned|preprocessing/training-set"
    r"|preprocessing/evaluation-set|reviews/reviewed-messages)-\w+[./]"
)
#: What commands wrote, and what was posted and mailed.
OUTPUTS: list[str] = []

# The luigi command with a defect: cleaning fails, and its error quotes the messages.
DEFECTIVE = """if True:
    import sys
    from luigi.cmdline import luigi_run
    from pipeline import preprocessing

    def clean(messages, settings):
        raise ValueError(f"cannot clean {messages.to_dict()}")

    preprocessing.clean = clean
    luigi_run(sys.argv[1:])
"""


Finished = subprocess.CompletedProcess[str]


def run(*command: str, environment: dict[str, str]) -> Finished:
    """Run a command, and keep its output."""
    return keep_output(commands.run(*command, environment=environment))


def fork(*command: str, environment: dict[str, str]) -> Finished:
    """Run a command in a fork, and keep its output."""
    return keep_output(commands.fork(*command, environment=environment))


def nightsieve(*arguments: str, environment: dict[str, str]) -> Finished:
    """Run a nightsieve command, and keep its output."""
    return keep_output(commands.nightsieve(*arguments, environment=environment))


def show(options: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Return the run manifest of the night with these options."""
    command = ["runs", "show", NIGHT, *options, "--json"]
    return json.loads(nightsieve(*command, environment=environment).stdout)


def keep_output(finished: Finished) -> Finished:
    OUTPUTS.extend([finished.stdout, finished.stderr])
    return finished


@contextlib.contextmanager
def listening(status: int) -> Iterator[tuple[str, list[str]]]:
    """Run a webhook that answers with a status; yield its address and what it gets."""
    texts: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            text = json.loads(self.rfile.read(length))["text"]
            texts.append(text)
            OUTPUTS.append(text)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/s3cret", texts
        server.shutdown()


@pytest.fixture(scope="module")
def first(night_environment) -> dict[str, str]:
    """Run one night that publishes its model, and return its environment."""
    sample(night_environment, rows=800)
    canaries.plant(night_environment)
    night = fork(*retrain(patches=[*SMALL, NOTIFY]), environment=night_environment)
    assert night.returncode == 0, night.stderr
    assert "Published as model 1: the first one." in night.stdout
    # Without a webhook the night succeeds nevertheless.
    assert (
        "the notice of published was not sent: the variable is not set; "
        "check NIGHTSIEVE_WEBHOOK_URL" in night.stderr
    )
    return night_environment


def current(environment: dict[str, str]) -> int:
    return json.loads(objects(environment)["models/current.json"])["serial"]


def listed(environment: dict[str, str]) -> list[str]:
    return nightsieve("models", "list", environment=environment).stdout.splitlines()


def test_a_refusal_is_a_finished_night_with_its_own_code_and_the_current_model_stays(
    first, tmp_path
):
    command = retrain(patches=[*STRICT, NOTIFY])
    with listening(500) as (address, texts):
        environment = {**first, "NIGHTSIEVE_WEBHOOK_URL": address}
        refused = fork(*command, environment=environment)
    assert refused.returncode == 50, refused.stderr
    assert "Refused: model 1 stays published." in refused.stdout
    reason = re.search(
        r"floor of spam: the precision on reviews is [\d.]+; "
        r"it must be at least 0\.999",
        refused.stdout,
    )
    assert reason
    assert reason[0] in refused.stderr
    (text,) = texts
    assert f"The model of {NIGHT} was refused" in text
    assert reason[0] in text
    assert "the notice of refused was not sent: HTTP 500" in refused.stderr
    assert "s3cret" not in refused.stderr
    assert current(first) == 1
    fetch = ["runs", "fetch", NIGHT, *REFUSED, "--to", str(tmp_path)]
    fetched = nightsieve(*fetch, environment=first)
    assert fetched.returncode == 0, fetched.stderr
    page = ElementTree.fromstring((tmp_path / "report" / "index.html").read_text())
    header = page.find("body/header")
    assert header is not None
    assert reason[0] in "".join(header.itertext())
    again = fork(*command, environment=first)
    assert again.returncode == 50
    assert "Did not run any tasks" in again.stderr
    assert len(listed(first)) == 1


def test_an_override_publishes_with_its_reason(first):
    night = fork(*retrain(patches=[*STRICT, NOTIFY, *OVERRIDE]), environment=first)
    assert night.returncode == 0, night.stderr
    assert f"Published as model 2, although checks failed: {REASON}" in night.stdout
    decision = show([], first)["results"]["decision"]
    assert decision["override"] == REASON
    assert decision["champion"] == 1
    assert current(first) == 2


def test_a_rollback_publishes_an_earlier_model_again(first, tmp_path):
    with listening(200) as (address, texts):
        environment = {**first, "NIGHTSIEVE_WEBHOOK_URL": address}
        rollback = ("models", "rollback", "1", "--reason", "spam gets through")
        # A command that fails publishes nothing.
        misspelt = ["--patch", "notify.event=[refused]"]
        wrong = nightsieve(*rollback, *misspelt, environment=environment)
        assert wrong.returncode == 3
        assert "did you mean events?" in wrong.stderr
        assert current(first) == 2
        back = nightsieve(*rollback, "--patch", NOTIFY, environment=environment)
        assert back.stdout == "Model 1 is published again, as 3: spam gets through\n"
    assert texts == ["Model 1 is published again, as 3: spam gets through"]
    assert current(first) == 3
    assert [line.split()[0] for line in listed(first)] == ["1", "2", "3"]
    assert "current, is model 1 again: spam gets through" in listed(first)[2]
    page = objects(first)["reports/index.html"].decode()
    assert "Current model: 3, night of" in page
    assert "restores model 1: spam gets through" in page
    assert page.count("1, current as 3") == 1
    old = fetch_model(1, tmp_path / "old", first)
    assert fetch_model(3, tmp_path / "new", first) == old


def fetch_model(serial: int, folder: Path, environment: dict[str, str]) -> bytes:
    """Fetch the files of a model, and return its model.json."""
    command = ["models", "fetch", "--serial", str(serial), "--to", str(folder)]
    fetched = nightsieve(*command, environment=environment)
    assert fetched.returncode == 0, fetched.stderr
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["serial"] == serial
    return (folder / "model.json").read_bytes()


def test_a_rollback_needs_a_reason_and_an_existing_model(first):
    rollback = ["models", "rollback"]
    blank = [*rollback, "1", "--reason", " . . . . . . "]
    silent = nightsieve(*blank, environment=first)
    assert silent.returncode == 2
    assert "must say why, in 10 characters or more" in silent.stderr
    unknown = [*rollback, "9", "--reason", "there is none"]
    missing = nightsieve(*unknown, environment=first)
    assert missing.returncode == 3
    expected = "Error: there is no model 9; see nightsieve models list\n"
    assert missing.stderr == expected


def test_explain_names_what_made_a_task_run(first):
    other = [*STRICT, NOTIFY, *OVERRIDE]
    assert fork(*retrain(patches=other), environment=first).returncode == 0
    explain = ["runs", "explain", NIGHT, *FIRST, "--against", NIGHT]
    explained = nightsieve(*explain, environment=first).stdout
    assert "FitModel: taken over, nothing it depends on has changed\n" in explained
    assert re.search(
        r"^GateModel: release.gate.floors.*; release.gate.override.*$",
        explained,
        re.MULTILINE,
    )
    assert re.search(r"^PublishModel: depends on GateModel$", explained, re.MULTILINE)
    one = nightsieve(*explain, "--task", "FitModel", environment=first)
    assert one.stdout.splitlines()[1:] == [
        "FitModel: taken over, nothing it depends on has changed"
    ]
    unknown = nightsieve(*explain, "--task", "Nosuch", environment=first)
    assert (unknown.returncode, unknown.stdout) == (3, "")
    assert re.fullmatch(
        rf"Error: --task Nosuch: not a task of the night of {NIGHT}; "
        r"use one of .*\bFitModel\b.*\n",
        unknown.stderr,
    )


def same_objects(replay: Finished) -> tuple[int, int]:
    """Return how many objects of a replay are the same, and how many it compared."""
    pattern = r"^(\d+) of (\d+) objects are the same"
    match = re.search(pattern, replay.stdout, re.MULTILINE)
    assert match, replay.stdout + replay.stderr
    return int(match[1]), int(match[2])


#: Objects that a replay does not make again: the messages, the reviews, the time that a
#: message took, and the publication.
NOT_COMPARED = 4


def test_a_replay_compares_every_object_and_touches_nothing(first):
    key = f"runs/{NIGHT}/{show(FIRST, first)['config']}.json"
    manifest = json.loads(objects(first)[key])
    for receipt in manifest["tasks"]:
        if receipt["task"] == "FitModel":
            receipt["sha256"] = "0" * 64
    content = json.dumps(manifest).encode()
    receipt = open_receipt(objects(first)[f"{key}.receipt.json"])
    digest = hashlib.sha256(content).hexdigest()
    forged = receipt.model_copy(update={"sha256": digest})
    put(first, f"{key}.receipt.json", seal_receipt(forged))
    put(first, key, content)
    before = objects(first)
    replayed = run("nightsieve", "runs", "replay", NIGHT, *FIRST, environment=first)
    assert objects(first) == before
    assert replayed.returncode == 8, replayed.stderr
    assert re.search(
        r"^FitModel: other bytes \(training/fitted-\w+\.npz\)$",
        replayed.stdout,
        re.MULTILINE,
    )
    # The changed sha256 makes one object differ.
    n_compared = len(manifest["tasks"]) - NOT_COMPARED
    assert same_objects(replayed) == (n_compared - 1, n_compared)


def test_a_replay_decides_again_against_the_model_that_was_published_then(first):
    manifest = show(REFUSED, first)
    # The override has published another model since.
    assert manifest["results"]["decision"]["champion"] == 1
    assert current(first) != 1
    assert "MeasureSpeed" in {receipt["task"] for receipt in manifest["tasks"]}
    replay = ["nightsieve", "runs", "replay", NIGHT, *REFUSED]
    replayed = fork(*replay, environment=first)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    n_compared = len(manifest["tasks"]) - NOT_COMPARED
    assert same_objects(replayed) == (n_compared, n_compared)


class Mailbox:
    """The mails that an SMTP server has received."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


MAIL_CONFIG = """
[email]
force_send = true
receiver = oncall@example.org
[smtp]
host = 127.0.0.1
port = {port}
[worker]
keep_alive = false
"""


@pytest.fixture(scope="module")
def failed(first, tmp_path_factory) -> tuple[Finished, Message]:
    """Run a night with a defect; return it and the e-mail that luigi sends of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path_factory.mktemp("mail") / "luigi.cfg"
    services = Path(first["LUIGI_CONFIG_PATH"]).read_text()
    config.write_text(services + MAIL_CONFIG.format(port=port))
    environment = {**first, "LUIGI_CONFIG_PATH": str(config)}
    mailbox = Mailbox()
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        options = retrain(patches=[*SMALL, "source.shards=1", "text.min_token=2"])[1:]
        command = [sys.executable, "-c", DEFECTIVE, *options]
        night = fork(*command, environment=environment)
    finally:
        server.stop()
    (mail,) = mailbox.mails
    return night, mail


def test_a_defect_is_shown_by_its_traceback_and_quotes_no_message(failed):
    night, _ = failed
    assert night.returncode == 30, night.stderr
    assert re.search(
        r"Traceback .*tasks/preprocessing.py.*ValueError: its message is left out",
        night.stderr,
        re.DOTALL,
    )


def test_luigi_mails_a_failure(failed):
    _, mail = failed
    assert mail["To"] == "oncall@example.org"
    assert re.match(r"Luigi: CleanMessages.* FAILED\. Host: ", mail["Subject"])
    (part,) = mail.get_payload()
    text = part.get_payload(decode=True).decode()
    OUTPUTS.append(text)
    assert re.search(rf"date +: {NIGHT}\n", text)
    assert "ValueError: its message is left out" in text


def test_messages_and_secrets_are_only_in_the_objects_that_hold_messages(first, failed):
    for command in (
        ["runs", "list"],
        ["runs", "show", NIGHT],
        ["runs", "explain", NIGHT, *FIRST],
        ["models", "list"],
    ):
        nightsieve(*command, environment=first)
    with_messages = set()
    private = set()
    kinds = set()
    for key, content in objects(first).items():
        text = canaries.decode(key, content)
        assert "s3cret" not in text, key
        if canaries.find_leak(text, first):
            with_messages.add(key)
        match = PRIVATE.match(key)
        if match and not key.endswith(".json"):
            private.add(key)
            kinds.add(match[1])
    assert with_messages == private
    assert len(kinds) == 6
    outputs = [*OUTPUTS, *canaries.scheduler_texts(first)]
    assert len(outputs) > 20
    for output in outputs:
        assert canaries.find_leak(output, first, "s3cret") is None
