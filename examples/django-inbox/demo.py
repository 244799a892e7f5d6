"""The inbox on a bare machine: ``make demo`` starts all of it, Ctrl-C ends it.

Everything is real but the broker: tasks are files in a folder, so that no RabbitMQ is
needed. All data are in ``.demo/``.
"""

import argparse
import contextlib
import datetime
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from nightsieve.cli.demo_data import generate
from nightsieve.cli.services import Stack
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from pipeline.errors import NightsieveError

HERE = Path(__file__).parent
DATA = HERE / ".demo"
PREFERRED_PORT = 8080
_TIMEOUT = 60.0
_LISTENING = re.compile(r"listening on (http\S+);")
_SEED = 20


class DemoError(Exception):
    """A part of the demo does not start; the message says which log says why."""


class Processes:
    """What the demo runs beside itself; each has a log, and all end with it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, name: str, *command: str) -> str:
        """Run a command to its end; return what it prints."""
        with _log(name).open("ab") as stderr:
            process = subprocess.Popen(
                command,
                env=self.environment,
                cwd=HERE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )
            self._running[name] = process
            output, _ = process.communicate()
            del self._running[name]
        if process.returncode:
            raise DemoError(f"{name} failed; see {_log(name)}")
        return output.decode()

    def start(self, name: str, *command: str) -> None:
        """Start a process that stays."""
        _log(name).unlink(missing_ok=True)
        with _log(name).open("wb") as output:
            self._running[name] = subprocess.Popen(
                command,
                env=self.environment,
                cwd=HERE,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches the demo alone, which ends them in order.
                start_new_session=True,
            )

    def wait_for(self, name: str, pattern: str) -> str:
        """Wait until the log of a process has a line; return its first group."""
        deadline = time.monotonic() + _TIMEOUT
        while time.monotonic() < deadline and self._running[name].poll() is None:
            match = re.search(pattern, _log(name).read_text(errors="replace"))
            if match is not None:
                return match[1]
            time.sleep(0.1)
        raise DemoError(f"{name} does not start; see {_log(name)}")

    def wait(self) -> None:
        """Wait until one of them ends, which none should."""
        while True:
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise DemoError(f"{name} has ended; see {_log(name)}")
            time.sleep(0.5)

    def stop(self) -> None:
        """End all of them, the last one first."""
        for process in reversed(self._running.values()):
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_TIMEOUT)


def main() -> int:
    """Run the demo; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=3_000, metavar="N")
    parser.add_argument("--model", type=Path, metavar="FILE", help="instead of a night")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    DATA.mkdir(mode=0o700, exist_ok=True)
    stack = Stack(DATA / "services", log=say)
    processes = Processes({})
    try:
        say("PostgreSQL, S3 and luigid ...")
        stack.up()
        processes.environment = environment(stack, options.model)
        run(processes, options.messages, options.model)
    except KeyboardInterrupt:
        say("\nstopping ...")
    except (DemoError, NightsieveError) as error:
        say(str(error))
        return 1
    finally:
        # A second Ctrl-C must not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        processes.stop()
        stack.down()
    return 0


def run(processes: Processes, messages: int, model: Path | None) -> None:
    """Run the demo until Ctrl-C."""
    manage = (sys.executable, "manage.py")
    say("the tables of the inbox ...")
    processes.run("migrate", *manage, "migrate")
    say(f"{messages:,} invented messages arrive ...")
    file = write_messages(messages)
    say(processes.run("load", *manage, "load_messages", str(file)).strip())
    if model is None and not has_model(processes.environment):
        say("a night learns from these messages (about a minute) ...")
        processes.run("night", *night())
    say("the API for corrections ...")
    processes.environment |= start_api(processes, model)
    say("a Celery worker and the website ...")
    beat = ("--beat", f"--schedule={DATA / 'beat'}")
    celery = ("celery", "-A", "website", "worker", "--concurrency=2", *beat)
    processes.start("worker", *celery, "--loglevel=INFO")
    port = free_port()
    website = (
        "uvicorn",
        "website.asgi:application",
        "--lifespan=off",
        f"--port={port}",
    )
    processes.start("website", *website)
    processes.wait_for("website", r"(running on)")
    processes.wait_for("worker", r"(ready\.)")
    password = processes.run("user", *manage, "demo_user", "demo").strip()
    say(
        f"\nThe inbox:  http://127.0.0.1:{port}/   name: demo   password: {password}\n"
        f"The API:    {processes.environment['INBOX_API_URL']}/docs\n"
        f"Logs:       {DATA}/*.log\n"
        "The worker labels the messages while you look. Ctrl-C ends everything."
    )
    processes.wait()


def environment(stack: Stack, model: Path | None) -> dict[str, str]:
    """Return the environment of the processes; secrets are made for this machine."""
    services = stack.environment()
    key = DATA / "secret_key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(50))
    programs = Path(sys.executable).parent
    variables = {
        **os.environ,
        **services,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "INBOX_SECRET_KEY": key.read_text(),
        "INBOX_DATABASE_URL": services["NIGHTSIEVE_DATABASE_WRITER_URL"],
        "INBOX_BROKER_URL": f"filesystem://{DATA / 'broker'}",
        "INBOX_HTTPS": "0",
        # What a demo that was ended has left is soon taken up.
        "INBOX_PATIENCE_SECONDS": "30",
        "INBOX_SWEEP_SECONDS": "10",
        "INBOX_INTAKE_TOKEN": secrets.token_urlsafe(32),
    }
    if model is not None:
        variables["INBOX_MODEL"] = str(model.absolute())
    return variables


def write_messages(number: int) -> Path:
    """Write invented messages of the last 30 days into a file; return its path."""
    midnight = datetime.datetime.combine(
        datetime.datetime.now(datetime.UTC).date(), datetime.time(), datetime.UTC
    )
    file = DATA / "messages.jsonl"
    with file.open("w") as lines:
        for block in generate(number, seed=_SEED, until=midnight):
            for key, body, sender, received_at in zip(
                block.keys, block.bodies, block.senders, block.received_at, strict=True
            ):
                message = {
                    "key": key,
                    "body": body or "",
                    "sender": sender,
                    "received_at": f"{received_at}Z",
                }
                lines.write(f"{json.dumps(message)}\n")
    return file


def has_model(variables: dict[str, str]) -> bool:
    """Return whether a night of an earlier demo has published a model."""
    os.environ.update(
        {name: variables[name] for name in variables if name.startswith("AWS_")}
    )
    return Registry(Store(variables["NIGHTSIEVE_STORAGE"])).current() is not None


def night() -> tuple[str, ...]:
    """Return the command of a small night."""
    yesterday = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
    options = ("--date", str(yesterday), "--workers", "2", "--config", "night.yaml")
    return ("luigi", "--module", "tasks", "Retrain", *options)


def start_api(processes: Processes, model: Path | None) -> dict[str, str]:
    """Start the service; return what the inbox must know of it."""
    tokens = DATA / "tokens.json"
    tokens.unlink(missing_ok=True)
    serve = ("nightsieve", "serve")
    names = ("--tokens", str(tokens))
    token = processes.run(
        "token", *serve, "token", "new", "--name=inbox", "--scope=correct", *names
    )
    served = () if model is None else ("--model", str(model.absolute()))
    processes.start("api", *serve, "--port=0", *names, *served)
    address = processes.wait_for("api", _LISTENING.pattern)
    return {"INBOX_API_URL": address, "INBOX_API_TOKEN": token.strip()}


def free_port() -> int:
    """Return the port of the website: the usual one, or else a free one."""
    for port in (PREFERRED_PORT, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return probe.getsockname()[1]
    raise DemoError("there is no free port; stop a program that listens")


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def _log(name: str) -> Path:
    return DATA / f"{name}.log"


if __name__ == "__main__":
    sys.exit(main())
