"""Every exporter, by the name of its format.

A new format is a package here whose module ``exporter`` has an `EXPORTER`, and a line
in `pipeline.records.export.EXPORT_FORMATS`.
"""

import importlib

from pipeline.export.exporters.base import Exporter
from pipeline.records.export import EXPORT_FORMATS


def _exporter(name: str) -> Exporter:
    package = name.replace("-", "_")
    module = importlib.import_module(f"pipeline.export.exporters.{package}.exporter")
    exporter: Exporter = module.EXPORTER
    return exporter


# All exporters are imported with this module: a process that imports it and then forks
# saves its children the time.
EXPORTERS = {name: _exporter(name) for name in EXPORT_FORMATS}
