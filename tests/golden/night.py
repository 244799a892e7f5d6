"""The nights of the golden checks: two on each collection, in services of their own.

The first night has no model to be compared with. The second is compared with the model
of the first, with other labels and with thresholds. So every check of the gate has a
value.
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
#: Seconds of a command, on a machine that does other work, too.
TIMEOUT = 900
#: Lines that are shown of stderr, which luigi ends with a long summary.
ERROR_LINES = 100


@dataclass(frozen=True)
class Case:
    """A collection: the command that loads its messages, and those of its nights.

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
        """The reason why the night cannot run on this machine, or None."""
        if self.data is None or self.data.exists():
            return None
        return f"{self.data} is missing"


def next_night(*options: str, patch: str) -> tuple[str, ...]:
    """Return the command of the second night."""
    return tuple(retrain(*options, patches=[GOALS, patch], night=NEXT))


CASES = (
    Case(
        "demo",
        load=("demo-data", "--rows", "20000", "--until", NIGHT),
        first=tuple(retrain(patches=[])),
        second=next_night(patch="labelling.resolution.min_confidence=0.6"),
    ),
    Case(
        "uci",
        load=("load", str(UCI), *UCI_COLUMNS.split()),
        first=tuple(retrain("--config", UCI_CONFIG, patches=[])),
        second=next_night(
            "--config", UCI_CONFIG, patch="labelling.resolution.method=label_model"
        ),
        data=UCI,
    ),
)


@dataclass(frozen=True)
class FinishedNight:
    """A night that has run.

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
                finished = _run(command, services)
                written = objects(services)
                if not any(key.startswith(f"runs/{date}/") for key in written):
                    raise RuntimeError(_failure(case, finished))
                yield FinishedNight(name, date, finished.returncode, written)
        finally:
            stack.down()


def _run(
    command: tuple[str, ...], services: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run an installed command with the code of this checkout."""
    return subprocess.run(
        command,
        env={**os.environ, **services, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,  # a refused night has a code of its own
    )


def _failure(case: Case, command: subprocess.CompletedProcess[str]) -> str:
    last_lines = "\n".join(command.stderr.splitlines()[-ERROR_LINES:])
    return f"{case.name}: exit code {command.returncode}\n{last_lines}"
