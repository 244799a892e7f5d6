"""The nights that were run, by their manifests."""

import datetime
import functools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic import ConfigDict

from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact
from nightsieve.store.layout import Run
from nightsieve.store.objects import Store, damage_at
from pipeline.data.codecs import RecordJson
from pipeline.errors import ConfigError
from pipeline.records.record import Record
from pipeline.records.run import FORMAT, RunManifest

_AT_ONCE = 8  # requests


class _Format(Record):
    """The one field that manifests of all versions have."""

    model_config = ConfigDict(extra="ignore")

    format: int


def manifest_of(store: Store, run: Run) -> Artefact:
    """Return where the manifest of a run is; a later run of the same replaces it."""
    codec = RecordJson(RunManifest)
    return Artefact(store, layout.run(*run), codec, replaceable=True)


def list_runs(store: Store, date: datetime.date | None = None) -> list[Run]:
    """Return the runs, of one date or of all, the last written one last."""
    prefix = layout.RUNS if date is None else layout.runs_of(date)
    keys = store.list_by_time(prefix)
    return [run for run in map(layout.parse_run, keys) if run is not None]


def read_run(store: Store, run: Run) -> RunManifest:
    """Return the manifest of a run.

    Raises
    ------
    ConfigError
        An earlier version of this project wrote it.
    ArtefactError
        It is damaged.
    StorageError
        There is no such run.
    """
    artefact = manifest_of(store, run)
    manifest = _decoded(artefact.verified_bytes(), str(artefact))
    if manifest is None:
        raise ConfigError(
            f"{artefact}: written by an earlier version; make it again: "
            f"luigi --module tasks Retrain --date {run.date}"
        )
    return manifest


def find_run(store: Store, run: Run) -> RunManifest | None:
    """Return the manifest of a run; None if it is missing or of an earlier version.

    Raises
    ------
    ArtefactError
        It is damaged.
    """
    artefact = manifest_of(store, run)
    content = artefact.find_verified_bytes()
    return None if content is None else _decoded(content, str(artefact))


def find_runs(store: Store, runs: Sequence[Run]) -> Iterator[RunManifest | None]:
    """Return what `find_run` finds for each run, several at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(functools.partial(find_run, store), runs)


def _decoded(content: bytes, address: str) -> RunManifest | None:
    """Return the manifest; None if it is of another format."""
    with damage_at(address):
        if _Format.from_json(content).format != FORMAT:
            return None
        return RunManifest.from_json(content)
