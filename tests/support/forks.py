"""Run commands in forks of a process that has imported everything.

Imports take much of the time of a small night. A fork is a process of its own, with its
own arguments, environment, output and exit code. All forks have the server's hash seed:
a test that compares the bytes of two nights starts one of the two as a new process.
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

TIMEOUT = 240  # seconds


class Fork:
    """A running command.

    It runs in a process group of its own. The next command starts when it has ended.

    Parameters
    ----------
    command
        ``luigi`` or ``nightsieve`` with arguments, or Python with ``-c``, a program and
        arguments.
    environment
        Variables that the command has beside those of this process.
    stdout, stderr
        File descriptors.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        stdout: int,
        stderr: int,
    ):
        self._server = _server()
        request = {"command": command, "environment": {**os.environ, **environment}}
        with self._server.makefile("w") as requests:
            socket.send_fds(self._server, [b"\n"], [stdout, stderr])
            requests.write(json.dumps(request) + "\n")
        self._server.settimeout(TIMEOUT)
        self._answers = self._server.makefile()
        self.pid = int(self._answers.readline())

    def wait(self) -> int:
        """Wait for the command, and return its exit code; a signal's is negative.

        Raises
        ------
        TimeoutError
            The command took longer than `TIMEOUT`; it was killed.
        """
        try:
            return int(self._answers.readline())
        except BaseException:
            os.killpg(self.pid, signal.SIGKILL)
            _server.cache_clear()  # the answers of this server are out of step
            raise

    def kill(self) -> None:
        """Kill the command and its children."""
        os.killpg(self.pid, signal.SIGKILL)
        self.wait()


@functools.cache
def _server() -> socket.socket:
    """Start the server; return the channel to it. It ends when this process does."""
    channel, channel_of_server = socket.socketpair()
    with channel_of_server:
        descriptor = channel_of_server.fileno()
        environment = dict(os.environ)
        environment.pop("LUIGI_CONFIG_PATH", None)
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forks", str(descriptor)],
            env=environment,
            cwd=ROOT,
            pass_fds=[descriptor],
        )
    # What is registered last is done first: the channel closes, then the server ends.
    atexit.register(server.wait)
    atexit.register(channel.shutdown, socket.SHUT_WR)
    return channel


def serve(channel: socket.socket) -> list[str]:
    """Fork for each request; return the command of the fork, in the fork.

    The server itself exits with the last request.
    """
    for target in COMMANDS.values():
        importlib.import_module(target.partition(":")[0])
    defaults = config.file_layer(config.DEFAULTS)
    prepare(config.resolve([defaults], read_rules).settings)
    # The module keeps what it computes about every code point.
    byte_classes.build_byte_map([], word_boundaries=False)
    requests = channel.makefile()
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 1, 2)
        if not message:
            sys.exit()
        request = json.loads(requests.readline())
        pid = os.fork()
        if pid == 0:
            channel.close()
            requests.close()
            _take_over(request["environment"], *descriptors)
            return request["command"]
        for descriptor in descriptors:
            os.close(descriptor)
        _answer(channel, pid)
        _, status = os.waitpid(pid, 0)
        _answer(channel, os.waitstatus_to_exitcode(status))


def _answer(channel: socket.socket, value: int) -> None:
    channel.sendall(f"{value}\n".encode())


def _take_over(environment: dict[str, str], stdout: int, stderr: int) -> None:
    """Give this process the environment and the output of the command."""
    os.setsid()
    stdin = os.open(os.devnull, os.O_RDONLY)
    for descriptor, standard in ((stdin, 0), (stdout, 1), (stderr, 2)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    if "LUIGI_CONFIG_PATH" in environment:
        configuration.add_config_path(environment["LUIGI_CONFIG_PATH"])


def begin(name: str, *arguments: str) -> None:
    """Run the command, by the functions that the installed commands call."""
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
