"""The nights of the golden checks: two on each collection, in services of their own.

The first night has nothing to be compared with. The second is held against the model of
the first, with other labels and with thresholds: so every check of the gate has a value.
"""

import datetime
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nightsieve.cli.services import Stack
from tests.support import ROOT
from tests.support.nights import NIGHT, objects, retrain

UCI = ROOT.parent / "shared" / "data" / "uci-sms" / "SMSSpamCollection"
UCI_CONFIG = "config/examples/uci-sms.yaml"
UCI_COLUMNS = "--no-header --no-quoting --delimiter tab --label 1 --body 2"
NEXT = str(datetime.date.fromisoformat(NIGHT) + datetime.timedelta(days=1))
GOALS = "release.goals={spam: {precision: 0.9}}"
LONGEST = 900  # seconds of a command, on a machine that does other work too
ERROR_LINES = 100  # of stderr, which luigi ends with a long summary


@dataclass(frozen=True)
class Case:
    """A collection: how its messages are loaded, and the commands of its nights.

    Attributes
    ----------
    first, second
        The commands that train on `NIGHT` and on `NEXT`.
    data
        A file that the nights need and the repository does not hold, or None.
    """

    name: str
    load: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    data: Path | None = None

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
        first=tuple(retrain(patches=[])),
        second=tuple(
            retrain(
                patches=[GOALS, "labelling.resolution.min_confidence=0.6"], night=NEXT
            )
        ),
    ),
    Case(
        "uci",
        load=("load", str(UCI), *UCI_COLUMNS.split()),
        first=tuple(retrain("--config", UCI_CONFIG, patches=[])),
        second=tuple(
            retrain(
                "--config",
                UCI_CONFIG,
                patches=[GOALS, "labelling.resolution.method=label_model"],
                night=NEXT,
            )
        ),
        data=UCI,
    ),
)


@dataclass(frozen=True)
class FinishedNight:
    """A night that was run.

    Attributes
    ----------
    objects
        Every object in the store after the night, by its key.
    """

    name: str
    date: str
    exit_code: int
    objects: dict[str, bytes]

    @property
    def expectation(self) -> Path:
        return Path(__file__).with_name(f"{self.name}.json")


def run_nights(case: Case) -> Iterator[FinishedNight]:
    """Run the nights of a case, one after another, on an empty database and store.

    Raises
    ------
    RuntimeError
        The messages cannot be loaded, or a night leaves no run manifest.
    """
    nights = (
        (case.name, NIGHT, case.first),
        (f"{case.name}-next", NEXT, case.second),
    )
    with tempfile.TemporaryDirectory(prefix="nightsieve-golden-") as folder:
        stack = Stack(Path(folder) / "home", durable=False)
        try:
            stack.up()
            services = stack.environment()
            loaded = _run(("nightsieve", *case.load), services)
            if loaded.returncode != 0:
                raise RuntimeError(_failure(case, loaded))
            for name, date, command in nights:
                trained = _run(command, services)
                written = objects(services)
                if not any(key.startswith(f"runs/{date}/") for key in written):
                    raise RuntimeError(_failure(case, trained))
                yield FinishedNight(name, date, trained.returncode, written)
        finally:
            stack.down()


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
