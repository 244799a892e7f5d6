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

    def initialise(self, ports: Mapping[str, int]) -> None:
        """Create what users need in the running server, unless it exists."""
        return None

    @abstractmethod
    def address(self, port: int) -> str:
        """Return the address for a person or a client."""
