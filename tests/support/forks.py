"""Commands in forks of a process that has imported everything: imports are much of what a small night costs.

A fork is a process of its own, with its own arguments, environment, output and exit code. All of them have the server's
hash seed: where the bytes of two nights are compared, one of the two is made by a command that is started anew.
"""

import atexit
import functools
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

from luigi import configuration
from luigi.cmdline import luigi_run

from nightsieve.cli.main import COMMANDS, main
from pipeline import config
from pipeline.patterns import byte_classes
from pipeline.rules.files import read_rules
from tasks.luigi_setup.warm_up import prepare
from tests.support import ROOT

LONGEST = 240  # seconds


class Fork:
    """A command at work: ``luigi`` or ``nightsieve`` with arguments, or Python with ``-c``, a program and arguments.

    It runs in a process group of its own, and another one is begun only when it has ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        stdout: int,
        stderr: int,
    ):
        self._server = _server()
        asked = {"command": command, "environment": {**os.environ, **environment}}
        with self._server.makefile("w") as words:
            socket.send_fds(self._server, [b"\n"], [stdout, stderr])
            words.write(json.dumps(asked) + "\n")
        self._server.settimeout(LONGEST)
        self._answers = self._server.makefile()
        self.pid = int(self._answers.readline())

    def wait(self) -> int:
        """The exit code, that of a signal negative; after `LONGEST` a TimeoutError, and the command is killed."""
        try:
            return int(self._answers.readline())
        except BaseException:
            os.killpg(self.pid, signal.SIGKILL)
            _server.cache_clear()  # this one's answers are out of step
            raise

    def kill(self) -> None:
        """Kill the command and its children."""
        os.killpg(self.pid, signal.SIGKILL)
        self.wait()


@functools.cache
def _server() -> socket.socket:
    """The way to the server, which ends when this process does."""
    here, there = socket.socketpair()
    with there:
        command = [sys.executable, "-m", "tests.support.forks", str(there.fileno())]
        plain = {
            name: value
            for name, value in os.environ.items()
            if name != "LUIGI_CONFIG_PATH"
        }
        server = subprocess.Popen(
            command, env=plain, cwd=ROOT, pass_fds=[there.fileno()]
        )
    atexit.register(server.wait)
    atexit.register(
        here.shutdown, socket.SHUT_WR
    )  # what is registered last is done first
    return here


def serve(channel: socket.socket) -> list[str]:
    """The command of each fork, in that fork; the server itself leaves with the last request."""
    for place in COMMANDS.values():
        importlib.import_module(place.partition(":")[0])
    defaults = config.file_layer(config.DEFAULTS)
    prepare(config.resolve([defaults], read_rules).settings)
    # Keeps what it asks of every code point.
    byte_classes.build_byte_map([], word_boundaries=False)
    requests = channel.makefile()
    while (received := socket.recv_fds(channel, 1, 2))[0]:
        asked = json.loads(requests.readline())
        if not (fork := os.fork()):
            channel.close()
            requests.close()
            _become(asked["environment"], *received[1])
            return asked["command"]
        for descriptor in received[1]:
            os.close(descriptor)
        _tell(channel, fork)
        _tell(channel, os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]))
    sys.exit()


def _tell(channel: socket.socket, number: int) -> None:
    channel.sendall(f"{number}\n".encode())


def _become(environment: dict[str, str], stdout: int, stderr: int) -> None:
    """What a command finds when it begins."""
    os.setsid()
    for source, target in (
        (os.open(os.devnull, os.O_RDONLY), 0),
        (stdout, 1),
        (stderr, 2),
    ):
        os.dup2(source, target)
        os.close(source)
    os.environ.clear()
    os.environ.update(environment)
    if "LUIGI_CONFIG_PATH" in environment:
        configuration.add_config_path(environment["LUIGI_CONFIG_PATH"])


def begin(name: str, *arguments: str) -> None:
    """What the command does: the functions are those that the installed commands call."""
    sys.argv = [name, *arguments]
    if name == "luigi":
        luigi_run(sys.argv[1:])
    elif name == "nightsieve":
        main()
    else:
        del sys.argv[0]
        program = sys.argv.pop(1)
        exec(program, {"__name__": "__main__"})


if __name__ == "__main__":
    begin(*serve(socket.socket(fileno=int(sys.argv[1]))))
