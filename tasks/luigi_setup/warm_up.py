"""Import and build once, in the process that forks, what all its tasks need."""

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
# SQLAlchemy imports this module with the first connection.
_DATABASE_DRIVER = "sqlalchemy.dialects.postgresql.psycopg2"


def import_for_ingest() -> None:
    """Import what each task of ingest would otherwise import for itself."""
    _import_all_of(ingest)
    importlib.import_module(_DATABASE_DRIVER)
    _use_tables()


def prepare(settings: config.Settings) -> None:
    """Import and build what every task would otherwise do for itself."""
    import_for_ingest()
    for stage in _LATER_STAGES:
        _import_all_of(stage)
    # The tokeniser's character map takes a second to build, and is cached.
    text.Tokeniser.from_settings(settings.text)
    # Without this, the collector of each fork touches, and so copies, all it shares.
    gc.freeze()


def _use_tables() -> None:
    """Write and read an empty table of each schema.

    pandera and pyarrow import much of themselves at the first check, and at the first
    table that is written and read.
    """
    # Imported here: a second run of a night must not wait for pandas.
    import pandas as pd  # noqa: PLC0415

    from pipeline.data import schemas  # noqa: PLC0415

    for name, schema in schemas.SCHEMAS.items():
        columns = {}
        for key, column in schema.columns.items():
            columns[key] = pd.Series([], dtype=str(column.dtype))
        table = Table(name)
        table.decode(table.encode(pd.DataFrame(columns)))


def _import_all_of(stage: ModuleType) -> None:
    """Import every name that a stage exports lazily."""
    for name in stage.__all__:
        getattr(stage, name)
