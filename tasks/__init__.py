"""Luigi's view of a night: ``luigi --module tasks Retrain --date 2026-11-20``."""

from luigi.tools.range import RangeDaily

from tasks import logs
from tasks.retrain import Retrain

__all__ = ["RangeDaily", "Retrain"]

logs.install()
