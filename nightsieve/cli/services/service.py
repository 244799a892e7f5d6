"""What the stack asks of each embedded server."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import psutil

from nightsieve.cli.services.credentials import Credentials


class Service(ABC):
    """One server: how it is prepared, started, asked whether it answers, and stopped.

    `ports` holds the ports of the services that run already, and this one's own.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    preferred_port: ClassVar[int]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    patience: ClassVar[float] = 15.0

    def __init__(self, home: Path, credentials: Credentials) -> None:
        self.home = home
        self.credentials = credentials

    @property
    @abstractmethod
    def data(self) -> Path:
        """Where the server keeps what must survive it."""

    @abstractmethod
    def prepare(self, ports: Mapping[str, int]) -> None:
        """Make its data directory and files ready; called while the server does not run."""

    @abstractmethod
    def command(self, ports: Mapping[str, int]) -> list[str]:
        """Return its command line, which every user of the machine can read: no secret."""

    def variables(self) -> dict[str, str]:
        """Return the environment variables it needs."""
        return {}

    @abstractmethod
    def answers(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        """Tell whether this very server answers a real request."""

    def furnish(self, ports: Mapping[str, int]) -> None:
        """Put into the answering server what its users count on; idempotent."""
        return None

    @abstractmethod
    def address(self, port: int) -> str:
        """Return where a person or a client finds it."""
