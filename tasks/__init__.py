"""Luigi's view of a night: ``luigi --module tasks Retrain --date 2026-11-20``."""

import luigi.worker
from luigi.tools.range import RangeDaily

from tasks.luigi_setup import redaction
from tasks.luigi_setup.worker import NightWorker
from tasks.retrain import Retrain

__all__ = ["RangeDaily", "Retrain"]

redaction.install()
luigi.worker.Worker = NightWorker  # the luigi command takes no other way to say so
