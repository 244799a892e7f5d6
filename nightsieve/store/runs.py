"""The runs of nights, by their manifests."""

import datetime
import functools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic import ConfigDict

from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact
from nightsieve.store.history import readable
from nightsieve.store.layout import Run
from nightsieve.store.objects import Store, damage_at
from pipeline.data.codecs import RecordJson
from pipeline.errors import ConfigError
from pipeline.records.record import Record
from pipeline.records.run import FORMAT, RunManifest

#: Requests for objects of several nights that are sent at the same time.
REQUESTS_AT_ONCE = 8


class _Format(Record):
    """The one field that manifests of all versions have."""

    model_config = ConfigDict(extra="ignore")

    format: int


def manifest_of(store: Store, run: Run) -> Artefact:
    """Return the manifest of a run as an object; a later run replaces it.

    Examples
    --------
    >>> str(manifest_of(store, Run(datetime.date(2026, 11, 20), "0123456789abcdef")))
    's3://memory/runs/2026-11-20/0123456789abcdef.json'
    """
    codec = RecordJson(RunManifest)
    return Artefact(store, layout.run(*run), codec, replaceable=True)


def list_runs(store: Store, date: datetime.date | None = None) -> list[Run]:
    """Return the runs of a date, or of all dates, the last written one last.

    Examples
    --------
    >>> [str(run.date) for run in list_runs(store_with_night)]
    ['2026-11-20']
    """
    prefix = layout.RUNS if date is None else layout.runs_of(date)
    keys = store.list_by_time(prefix)
    return [run for run in map(layout.parse_run, keys) if run is not None]


def read_run(store: Store, run: Run) -> RunManifest:
    """Return the manifest of a run.

    Raises
    ------
    ConfigError
        An earlier version of Nightsieve wrote it.
    ArtefactError
        It is missing or damaged.

    Examples
    --------
    >>> (run,) = list_runs(store_with_night)
    >>> read_run(store_with_night, run).results.messages.counts.kept
    4
    """
    artefact = manifest_of(store, run)
    manifest = _decoded(artefact.verified_bytes(), str(artefact))
    if manifest is None:
        raise ConfigError(
            f"{artefact}: an earlier version of Nightsieve wrote it; run the night "
            f"again: luigi --module tasks Retrain --date {run.date}"
        )
    return manifest


def find_run(store: Store, run: Run) -> RunManifest | None:
    """Return the manifest of a run; None if it is missing or of an earlier version.

    Raises
    ------
    ArtefactError
        It is damaged.

    Examples
    --------
    >>> run = Run(datetime.date(2026, 11, 21), "0123456789abcdef")
    >>> find_run(store_with_night, run) is None
    True
    """
    artefact = manifest_of(store, run)
    content = artefact.find_verified_bytes()
    return None if content is None else _decoded(content, str(artefact))


def find_readable_run(store: Store, run: Run) -> RunManifest | None:
    """Return what `find_run` returns; None, with a warning, if it is damaged.

    Examples
    --------
    >>> (run,) = list_runs(store_with_night)
    >>> store_with_night.write(layout.run(*run), b"damaged")
    >>> find_readable_run(store_with_night, run) is None
    True
    """
    return readable(functools.partial(find_run, store, run), "the run is left out")


def find_runs(store: Store, runs: Sequence[Run]) -> Iterator[RunManifest | None]:
    """Yield what `find_run` returns for each run; several are read at once.

    Examples
    --------
    >>> for manifest in find_runs(store_with_night, list_runs(store_with_night)):
    ...     print(manifest.date)
    2026-11-20
    """
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        yield from pool.map(functools.partial(find_run, store), runs)


def _decoded(content: bytes, address: str) -> RunManifest | None:
    """Return the manifest; None if it is of another format."""
    with damage_at(address):
        if _Format.from_json(content).format != FORMAT:
            return None
        return RunManifest.from_json(content)
