"""Our changes to luigi: its settings, worker, log, parameters and command line."""

import gc

import luigi.worker

from tasks.luigi_setup import command_line, defaults, redaction, stopping
from tasks.luigi_setup.worker import NightWorker, check_complete


def install() -> None:
    """Make luigi use our worker and settings, and keep data out of its log.

    The ``luigi`` command offers no other way to choose a worker.
    """
    defaults.install()
    command_line.install()
    redaction.install()
    stopping.install()
    luigi.worker.Worker = NightWorker  # type: ignore[misc]  # mypy: "assign to a type"
    luigi.worker.check_complete = check_complete
    # Imported objects are never garbage. Without this, the collector visits all of them
    # again and again while rules are read.
    gc.freeze()
