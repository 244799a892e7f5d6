"""Luigi's view of a night: ``luigi --module tasks Retrain --date 2026-11-20``.

Importing this package makes luigi use our worker: the ``luigi`` command offers no
other way to set one.
"""

from tasks import luigi_setup
from tasks.range import RangeDaily
from tasks.retrain import Retrain

__all__ = ["RangeDaily", "Retrain"]

luigi_setup.install()
