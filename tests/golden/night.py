"""The nights of the golden checks, each with services of its own."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nightsieve.cli.services import Stack
from tests.tasks.nights import NIGHT, objects, retrain

ROOT = Path(__file__).parents[2]
UCI = ROOT.parent / "shared" / "data" / "uci-sms" / "SMSSpamCollection"
UCI_CONFIG = "config/examples/uci-sms.yaml"
UCI_COLUMNS = "--no-header --no-quoting --delimiter tab --label 1 --body 2"
LONGEST = 900  # seconds of a command, on a machine that does other work too
ERROR_LINES = 100  # of stderr, which luigi ends with a long summary


@dataclass(frozen=True)
class Case:
    """A night to run: how its messages are loaded, and the command that trains.

    Attributes
    ----------
    data
        A file that the night needs and the repository does not hold, or None.
    """

    name: str
    load: tuple[str, ...]
    train: tuple[str, ...]
    data: Path | None = None

    @property
    def expectation(self) -> Path:
        return Path(__file__).with_name(f"{self.name}.json")

    @property
    def obstacle(self) -> str | None:
        """Why the night cannot run on this machine, or None."""
        if self.data is None or self.data.exists():
            return None
        return f"{self.data} is missing"


CASES = (
    Case(
        "demo",
        load=("demo-data", "--rows", "20000", "--until", NIGHT),
        train=tuple(retrain(patches=[])),
    ),
    Case(
        "uci",
        load=("load", str(UCI), *UCI_COLUMNS.split()),
        train=tuple(retrain("--config", UCI_CONFIG, patches=[])),
        data=UCI,
    ),
)


@dataclass(frozen=True)
class FinishedNight:
    """The exit code of a night, and every object that it wrote, by its key."""

    exit_code: int
    objects: dict[str, bytes]


def run_night(case: Case) -> FinishedNight:
    """Run the night on an empty database and an empty store.

    Raises
    ------
    RuntimeError
        The messages cannot be loaded, or the night leaves no run manifest.
    """
    with tempfile.TemporaryDirectory(prefix="nightsieve-golden-") as folder:
        stack = Stack(Path(folder) / "home", durable=False)
        try:
            stack.up()
            services = stack.environment()
            loaded = _run(("nightsieve", *case.load), services)
            if loaded.returncode != 0:
                raise RuntimeError(_failure(case, loaded))
            trained = _run(case.train, services)
            written = objects(services)
        finally:
            stack.down()
    if not any(key.startswith("runs/") for key in written):
        raise RuntimeError(_failure(case, trained))
    return FinishedNight(trained.returncode, written)


def _run(
    command: tuple[str, ...],
    services: dict[str, str],
) -> subprocess.CompletedProcess[str]:
    """Run an installed command on the code of this checkout."""
    return subprocess.run(
        command,
        env={**os.environ, **services, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )


def _failure(case: Case, command: subprocess.CompletedProcess[str]) -> str:
    last_lines = "\n".join(command.stderr.splitlines()[-ERROR_LINES:])
    return f"{case.name}: exit code {command.returncode}\n{last_lines}"
