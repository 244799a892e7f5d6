"""Find the run of a night."""

import datetime

from pydantic import ConfigDict, JsonValue

from nightsieve.store import configurations, runs
from nightsieve.store.layout import Run
from nightsieve.store.objects import Store
from pipeline.config import Resolved, Settings, UnsetVariableError, with_identity
from pipeline.errors import ConfigError
from pipeline.records.record import Record
from pipeline.records.run import RunManifest


class _Source(Record):
    """The part of a manifest's settings that says where the messages are.

    Attributes
    ----------
    messages
        The table and its columns; compared, never interpreted.
    """

    model_config = ConfigDict(extra="ignore")

    identity: str
    messages: JsonValue


def list_nights(store: Store) -> list[Run]:
    """Return every run, sorted by date and by the digest of its configuration.

    Examples
    --------
    >>> [str(run.date) for run in list_nights(store_with_night)]
    ['2026-11-20']
    """
    return sorted(runs.list_runs(store))


def find_night(
    store: Store, date: datetime.date, config: str | None = None
) -> RunManifest:
    """Return the manifest of the run of a date that was written last.

    Parameters
    ----------
    config
        The digest of the run's configuration; None for any configuration.

    Raises
    ------
    ConfigError
        There is no such run, or an earlier version of Nightsieve wrote it.

    Examples
    --------
    >>> find_night(store_with_night, datetime.date(2026, 11, 20)).results.outcome.value
    'published'
    """
    candidates = runs.list_runs(store, date)
    if config is not None:
        candidates = [run for run in candidates if run.config == config]
    if not candidates:
        raise _no_such_run(date)
    return runs.read_run(store, candidates[-1])


def find_night_of_layers(
    store: Store,
    date: datetime.date,
    overlays: tuple[str, ...],
    patches: tuple[str, ...],
) -> RunManifest:
    """Return the manifest of the run of a date that has these layers.

    Without layers, the run that was written last is returned. Nothing is written to the
    store, and the environment need not name a database. Among runs that differ only in
    their database, the one with the database of the environment is returned; if there
    is none, the one that was written last.

    Raises
    ------
    ConfigError
        There is no such run, an earlier version of Nightsieve wrote it, or a layer is
        wrong.

    Examples
    --------
    >>> date = datetime.date(2026, 11, 20)
    >>> find_night_of_layers(store_with_night, date, (), ()).date == date
    True
    """
    if not overlays and not patches:
        return find_night(store, date)
    if configurations.named_digest(overlays) is not None:
        digest = configurations.freeze(store, overlays, patches)
        return find_night(store, date, digest)
    resolved = configurations.resolve(overlays, patches)
    candidates = runs.list_runs(store, date)
    run = Run(date, _digest_with_our_database(resolved))
    if run in candidates:
        return runs.read_run(store, run)
    manifest = _find_with(store, candidates, resolved.settings)
    if manifest is None:
        raise _no_such_run(date)
    return manifest


def last_date(store: Store) -> datetime.date:
    """Return the latest date that has a run.

    Raises
    ------
    ConfigError
        There is no run.

    Examples
    --------
    >>> last_date(store_with_night)
    datetime.date(2026, 11, 20)
    """
    dates = [run.date for run in runs.list_runs(store)]
    if not dates:
        raise ConfigError(
            f"{store}: there is no run of any night; run a night: "
            "luigi --module tasks Retrain --date DATE"
        )
    return max(dates)


def previous_night(store: Store, manifest: RunManifest) -> RunManifest | None:
    """Return the last run of an earlier date on the same table of messages.

    Runs of an earlier version of Nightsieve are skipped, and so are damaged ones, with
    a warning.

    Examples
    --------
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> previous_night(store_with_night, night) is None
    True
    """
    source = _source(manifest)
    earlier = [run for run in runs.list_runs(store) if run.date < manifest.date]
    # The sort is stable: the last written run of a date stays the last one.
    earlier.sort(key=_date)
    for run in reversed(earlier):
        previous = runs.find_readable_run(store, run)
        if previous is not None and _source(previous) == source:
            return previous
    return None


def _no_such_run(date: datetime.date) -> ConfigError:
    return ConfigError(
        f"there is no such run of {date}; see nightsieve runs list, or run the night: "
        f"luigi --module tasks Retrain --date {date}"
    )


def _digest_with_our_database(resolved: Resolved) -> str:
    """Return the digest with the database of the environment; "" without a database."""
    try:
        return configurations.settings_digest(configurations.identify(resolved))
    except UnsetVariableError:
        return ""


def _find_with(
    store: Store, candidates: list[Run], settings: Settings
) -> RunManifest | None:
    """Return the last run with these settings, whichever database it read."""
    for run in reversed(candidates):
        manifest = runs.find_readable_run(store, run)
        if manifest is None:
            continue
        identified = with_identity(settings, _source(manifest).identity)
        if configurations.settings_digest(identified) == run.config:
            return manifest
    return None


def _date(run: Run) -> datetime.date:
    return run.date


def _source(manifest: RunManifest) -> _Source:
    """Return the database and the table of the messages of a night."""
    return _Source.model_validate(manifest.settings["source"])
