"""A RabbitMQ of its own: nothing of it is outside its folder and 127.0.0.1."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import amqp

#: Debian's scripts run as any user; those in /usr/sbin change to the user rabbitmq.
PROGRAMS = Path("/usr/lib/rabbitmq/bin")
IS_INSTALLED = (PROGRAMS / "rabbitmq-server").exists()
_TIMEOUT = 60.0  # seconds to start, on a busy machine


class RabbitMQ:
    """A server with its data, its log and its cookie in one folder.

    The port mapper of Erlang runs in the foreground on a free port, so that the server
    starts none that stays behind.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._port, self._node_port, self._mapper_port = _free_ports(3)
        (folder / "rabbitmq.conf").write_text("")  # all settings are below
        (folder / "enabled_plugins").write_text("[].\n")
        self._mapper: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def start(self) -> None:
        """Start the server, and wait until it accepts clients."""
        if self._mapper is None:
            mapper = [_epmd(), "-port", str(self._mapper_port), "-address", "127.0.0.1"]
            self._mapper = self._spawn(mapper, "epmd.log")
        self._server = self._spawn([str(PROGRAMS / "rabbitmq-server")], "rabbitmq.log")
        deadline = time.monotonic() + _TIMEOUT
        while not self._answers():
            log = (self._folder / "rabbitmq.log").read_text()
            assert self._server.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.2)

    def kill(self) -> None:
        """End the server as a loss of power does."""
        assert self._server is not None
        # Its group: the script, the virtual machine, and the helpers of that.
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait(_TIMEOUT)
        self._server = None

    def stop(self) -> None:
        """End the server and the port mapper."""
        if self._server is not None:
            self.kill()
        if self._mapper is not None:
            self._mapper.terminate()
            self._mapper.wait(_TIMEOUT)
            self._mapper = None

    def messages(self, queue: str) -> int:
        """Return how many messages a queue holds that no client has."""
        with self._connect() as connection:
            declared = connection.channel().queue_declare(queue, passive=True)
            return declared.message_count

    def publish(self, queue: str, body: str) -> None:
        """Put a message into a queue, as any program can."""
        with self._connect() as connection:
            connection.channel().basic_publish(amqp.Message(body), routing_key=queue)

    def purge(self, queue: str) -> None:
        """Lose all messages of a queue."""
        with self._connect() as connection:
            connection.channel().queue_purge(queue)

    def _connect(self) -> amqp.Connection:
        return amqp.Connection(f"127.0.0.1:{self._port}", connect_timeout=5)

    def _answers(self) -> bool:
        try:
            with self._connect():
                return True
        except (OSError, amqp.AMQPError):
            return False

    def _spawn(self, command: list[str], log: str) -> subprocess.Popen[bytes]:
        with (self._folder / log).open("ab") as output:
            return subprocess.Popen(
                command,
                env=self._variables(),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _variables(self) -> dict[str, str]:
        folder = str(self._folder)
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": folder,  # of the cookie
            "RABBITMQ_NODENAME": "inbox@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1}"
            ),
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",  # not the machine's own settings
        }


def _epmd() -> str:
    program = shutil.which("epmd")
    assert program is not None, "epmd: not on the PATH; install rabbitmq-server"
    return program


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for listening in sockets:
        listening.bind(("127.0.0.1", 0))
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports
