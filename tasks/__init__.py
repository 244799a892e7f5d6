"""Luigi's view of a night: ``luigi --module tasks Retrain --date 2026-11-20``."""

import luigi.worker
from luigi.tools.range import RangeDaily

from tasks import logs
from tasks.retrain import Retrain
from tasks.worker import NightWorker

__all__ = ["RangeDaily", "Retrain"]

logs.install()
luigi.worker.Worker = NightWorker  # the luigi command takes no other way to say so
