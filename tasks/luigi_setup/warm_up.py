"""What is imported and built once, in the process that forks, for all its tasks."""

import gc
import importlib
from types import ModuleType

from pipeline import (
    config,
    export,
    ingest,
    labelling,
    preprocessing,
    release,
    report,
    text,
    training,
)
from pipeline.data.codecs import Table

_LATER_STAGES = (labelling, preprocessing, training, export, release, report)
# SQLAlchemy imports it with the first connection.
_DATABASE_DRIVER = "sqlalchemy.dialects.postgresql.psycopg2"


def import_for_ingest() -> None:
    """Import what the tasks of ingest would otherwise each import for themselves."""
    _import_all_of(ingest)
    importlib.import_module(_DATABASE_DRIVER)
    _use_tables()


def prepare(settings: config.Settings) -> None:
    """Import and build what every task would otherwise do for itself."""
    import_for_ingest()
    for stage in _LATER_STAGES:
        _import_all_of(stage)
    # The tokeniser keeps its character map, which takes a second to build.
    text.Tokeniser.from_settings(settings.text)
    # Without this the collector of each fork touches, and so copies, all it shares.
    gc.freeze()


def _use_tables() -> None:
    """Write and read an empty table of each schema.

    pandera and pyarrow import much of themselves at the first check, and at the first
    table that is written and read.
    """
    import pandas as pd

    from pipeline.data import schemas

    for name, schema in schemas.SCHEMAS.items():
        columns = schema.columns.items()
        empty = {key: pd.Series([], dtype=str(column.dtype)) for key, column in columns}
        table = Table(name)
        table.decode(table.encode(pd.DataFrame(empty)))


def _import_all_of(stage: ModuleType) -> None:
    """Import whatever the lazy face of a stage names."""
    for name in stage.__all__:
        getattr(stage, name)
