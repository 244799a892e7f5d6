"""What we change about luigi: its worker, its log, its parameters."""

import gc

import luigi.worker

from tasks.luigi_setup import redaction
from tasks.luigi_setup.worker import NightWorker, check_complete


def install() -> None:
    """Make luigi use our worker, and say of errors only what may be said.

    The ``luigi`` command offers no other way.
    """
    redaction.install()
    luigi.worker.Worker = NightWorker
    luigi.worker.check_complete = check_complete
    # What was imported is never garbage, and reading rules makes the collector look at
    # all of it again and again.
    gc.freeze()
