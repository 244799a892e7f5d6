"""Find a night that was run."""

import datetime

from nightsieve.store import configurations, runs
from nightsieve.store.layout import Run
from nightsieve.store.objects import Store
from pipeline.config import Resolved, Settings, UnsetVariableError, with_identity
from pipeline.errors import ConfigError
from pipeline.records.run import RunManifest


def list_nights(store: Store) -> list[Run]:
    """Return every run, by date and by the digest of its configuration."""
    return sorted(runs.list_runs(store))


def find_night(
    store: Store, date: datetime.date, config: str | None = None
) -> RunManifest:
    """Return the manifest of the run of a date that was written last.

    Parameters
    ----------
    config
        The digest of the run's configuration; None for any.

    Raises
    ------
    ConfigError
        There is no such run, or an earlier version of this project wrote it.
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
    """Return the manifest of a date's run with these layers; of its last run without.

    Nothing is written to the store. No database needs to be named: of runs that differ
    in their database alone, the one with the database of the environment is taken, or
    else the one that was written last.

    Raises
    ------
    ConfigError
        As `find_night`, or a layer is wrong.
    """
    if not overlays and not patches:
        return find_night(store, date)
    if configurations.named_digest(overlays) is not None:
        digest = configurations.freeze(store, overlays, patches)
        return find_night(store, date, digest)
    resolved = configurations.resolve(overlays, patches)
    candidates = runs.list_runs(store, date)
    here = Run(date, _digest_here(resolved))
    if here in candidates:
        return runs.read_run(store, here)
    manifest = _find_with(store, candidates, resolved.settings)
    if manifest is None:
        raise _no_such_run(date)
    return manifest


def last_date(store: Store) -> datetime.date:
    """Return the latest date of which there is a run.

    Raises
    ------
    ConfigError
        There is no run.
    """
    dates = [run.date for run in runs.list_runs(store)]
    if not dates:
        raise ConfigError(
            "no night was run yet; run one with: "
            "luigi --module tasks Retrain --date DATE"
        )
    return max(dates)


def previous_night(store: Store, manifest: RunManifest) -> RunManifest | None:
    """Return the last run of an earlier date on the same table of messages.

    Runs of an earlier version of this project are passed over.
    """
    table = _message_table(manifest)
    earlier = [run for run in runs.list_runs(store) if run.date < manifest.date]
    # The sort is stable: of a date, the run that was written last stays the last.
    earlier.sort(key=_date)
    for run in reversed(earlier):
        previous = runs.find_run(store, run)
        if previous is not None and _message_table(previous) == table:
            return previous
    return None


def _no_such_run(date: datetime.date) -> ConfigError:
    return ConfigError(
        f"there is no such run of {date}; see nightsieve runs list, or make it: "
        f"luigi --module tasks Retrain --date {date}"
    )


def _digest_here(resolved: Resolved) -> str:
    """Return the digest with the database of the environment; empty without one."""
    try:
        return configurations.settings_digest(configurations.identify(resolved))
    except UnsetVariableError:
        return ""


def _find_with(
    store: Store, candidates: list[Run], settings: Settings
) -> RunManifest | None:
    """Return the last run with these settings, whichever database it read."""
    for run in reversed(candidates):
        manifest = runs.find_run(store, run)
        if manifest is None:
            continue
        identity = manifest.settings["source"]["identity"]
        identified = with_identity(settings, identity)
        if configurations.settings_digest(identified) == run.config:
            return manifest
    return None


def _date(run: Run) -> datetime.date:
    return run.date


def _message_table(manifest: RunManifest) -> tuple[object, object]:
    """Return which database and which table the messages of a night are in."""
    source = manifest.settings["source"]
    return source["identity"], source["messages"]
