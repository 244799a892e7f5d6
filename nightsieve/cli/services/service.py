"""What the stack asks of each embedded server."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import psutil

from nightsieve.cli.services.credentials import Credentials


class Service(ABC):
    """One server: how it is prepared, started, checked, initialised and stopped.

    Attributes
    ----------
    timeout
        Seconds that it has to stop.

    In all methods `ports` holds the ports of the services that run already, and this
    one's own.
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
        """Return where the server keeps its data."""

    @abstractmethod
    def prepare(self, ports: Mapping[str, int]) -> None:
        """Create its data directory and files; called while it does not run."""

    @abstractmethod
    def command(self, ports: Mapping[str, int]) -> list[str]:
        """Return its command line, without secrets: every user can read it."""

    def variables(self) -> dict[str, str]:
        """Return the environment variables it needs."""
        return {}

    @abstractmethod
    def is_ready(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        """Tell whether this very server answers a real request."""

    def initialise(self, ports: Mapping[str, int]) -> None:
        """Create what its users need in the running server, unless it is there."""
        return None

    @abstractmethod
    def address(self, port: int) -> str:
        """Return where a person or a client finds it."""
