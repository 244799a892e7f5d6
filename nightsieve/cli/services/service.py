"""Define what each embedded server does for the stack."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import psutil

from nightsieve.cli.services.credentials import Credentials


class Service(ABC):
    """One server: how it is prepared, started, checked, initialised and stopped.

    All methods receive in ``ports`` the ports of the services that run already, and the
    server's own.

    Attributes
    ----------
    timeout
        Seconds that the server has to stop.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    preferred_port: ClassVar[int]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    timeout: ClassVar[float] = 15.0

    def __init__(self, home: Path, credentials: Credentials) -> None:
        self.home = home
        self.credentials = credentials

    @property
    @abstractmethod
    def data(self) -> Path:
        """The file or directory with the server's data."""

    @property
    def log(self) -> Path:
        """The file with the server's output."""
        return self.home / "log" / f"{self.name}.log"

    @abstractmethod
    def prepare(self, ports: Mapping[str, int]) -> None:
        """Create the data directory and files, before the server starts."""

    @abstractmethod
    def command(self, ports: Mapping[str, int]) -> list[str]:
        """Return the command line, without secrets: every user can read it."""

    def variables(self) -> dict[str, str]:
        """Return the environment variables that the server needs."""
        return {}

    @abstractmethod
    def is_ready(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        """Return whether this very server answers a real request."""

    def is_current(self, process: psutil.Process) -> bool:
        """Return whether a process that runs is the one that `command` starts."""
        return True

    def initialise(self, ports: Mapping[str, int]) -> None:
        """Create what users need in the running server, unless it exists."""
        return None

    @abstractmethod
    def address(self, port: int) -> str:
        """Return the address for a person or a client."""
