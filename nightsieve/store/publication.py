"""Before and after the decision: the models to compare with, and publishing."""

import datetime
import functools
from collections.abc import Collection, Mapping, Sequence

from nightsieve.store import layout
from nightsieve.store.history import readable
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry, complete_models, files_by_serial
from nightsieve.store.objects import Store, has_sha256
from nightsieve.store.runs import find_runs, list_runs
from pipeline.config.settings import Keep
from pipeline.records.export import MODEL_FILE
from pipeline.records.models import CurrentModel, ModelEntry, ModelFacts, ModelTraits
from pipeline.records.release import Decision, Overtaken, Publication
from pipeline.release import Opponents, PublishedModel

# No publication and no removal takes longer.
_ABANDONED_AFTER = datetime.timedelta(days=1)


def read_opponents(
    registry: Registry, publications_back: int | None, publication: str
) -> Opponents:
    """Return the models that tonight's is compared with.

    If the pointer or the current model is damaged, the registry is repaired first. If
    the decision was made before, and its model was published, these are the models that
    it was made against: so a decision that is lost is the same when it is made again.

    Parameters
    ----------
    publications_back
        How many publications ago the earlier model was published; None asks for no
        earlier model.
    publication
        The name of the decision.

    Examples
    --------
    >>> registry = Registry(store_with_night)
    >>> read_opponents(registry, None, "another decision").champion.entry.serial
    1
    >>> own = registry.require(1).publication
    >>> read_opponents(registry, None, own).champion is None
    True
    """
    published = registry.by_publication(publication)
    if published is None:
        champion = registry.repair_champion()
    else:
        champion = registry.find_readable(published.champion)
    if champion is None:
        return Opponents()
    earlier = registry.predecessor(champion, publications_back)
    return Opponents(
        champion=_published_model(registry, champion),
        earlier=None if earlier is None else _published_model(registry, earlier),
    )


def publish_decision(
    registry: Registry,
    publication: str,
    decision: Decision,
    *,
    files: dict[str, bytes],
    traits: ModelTraits,
    config: str,
    keep: Keep,
    today: datetime.date,
) -> Publication:
    """Publish the model if it passed, then remove models that are not kept.

    A decision is published once, however often this function is called. A decision that
    was made against a model that is no longer the current one publishes nothing.

    Parameters
    ----------
    publication
        The name of the decision.
    files
        The content of each file of the model by its name.
    traits
        What a later night must know of the model.
    config
        The digest of the night's configuration.
    keep
        How many models to keep.
    today
        A model of a night after this day stands in no earlier night's way.

    Examples
    --------
    >>> registry = Registry(store_with_night)
    >>> entry = registry.require(1)
    >>> (manifest,) = find_runs(store_with_night, list_runs(store_with_night))
    >>> publish_decision(
    ...     registry, entry.publication, manifest.results.decision, files={},
    ...     traits=entry.traits, config=entry.config, keep=Keep(models=31, runs=31),
    ...     today=datetime.date(2026, 11, 20),
    ... )
    Publication(serial=1, overtaken=None, removed=())
    """
    serial = None
    overtaken = None
    is_published = registry.by_publication(publication) is not None
    if decision.publish or is_published:
        if not is_published:
            champion = registry.repair_champion()
            overtaken = overtaken_by(champion, decision, traits.date, today)
        if overtaken is None:
            facts = ModelFacts(
                traits=traits,
                config=config,
                figures=decision.figures,
                champion=decision.champion,
                predecessors=decision.predecessors,
            )
            serial = registry.publish(publication, files, facts).serial
    removed = prune(registry, keep, decision.champion)
    return Publication(serial=serial, overtaken=overtaken, removed=removed)


def other_content_warnings(
    registry: Registry, publication: Publication, files: Mapping[str, bytes]
) -> list[str]:
    """Return a warning if this decision published its model with another content.

    That happens if the sample is lost after the publication, and the database holds
    other rows by now. The published model stays as it is.

    Parameters
    ----------
    files
        Tonight's model, as for `publish_decision`.

    Examples
    --------
    >>> registry = Registry(store_with_night)
    >>> publication = Publication(serial=1, overtaken=None, removed=())
    >>> files = {MODEL_FILE: b"another model"}
    >>> len(other_content_warnings(registry, publication, files))
    1
    """
    entry = registry.find_readable(publication.serial)
    if entry is None or has_sha256(files[MODEL_FILE], entry.files[MODEL_FILE]):
        return []
    return [
        f"model {entry.serial} was published before by this decision, and was made "
        "from other rows than the database has now; it stays published. To publish "
        "tonight's model too, change a setting of release.gate"
    ]


def overtaken_by(
    current: ModelEntry | None,
    decision: Decision,
    date: datetime.date,
    today: datetime.date,
) -> Overtaken | None:
    """Return the model that was published after the decision; None if there is none.

    Serials only ascend: if the decision's champion is current, nothing was published
    in between. The model of a night in the future overtakes no real night.

    Parameters
    ----------
    current
        The entry of the current model; None before the first publication.
    date
        The night that was decided.

    Examples
    --------
    >>> (manifest,) = find_runs(store_with_night, list_runs(store_with_night))
    >>> decision, night = manifest.results.decision, manifest.date
    >>> overtaken_by(None, decision, night, today=night) is None
    True
    >>> current = Registry(store_with_night).champion()
    >>> overtaken_by(current, decision, night, today=night)
    Overtaken(serial=1, date=datetime.date(2026, 11, 20), later=False)
    """
    if current is None or current.serial == decision.champion:
        return None
    if date <= today < current.date:
        return None
    is_later = current.date > date
    return Overtaken(serial=current.serial, date=current.date, later=is_later)


def prune(registry: Registry, keep: Keep, champion: int | None) -> tuple[int, ...]:
    """Remove the models that need not be kept; return their serials.

    A model is kept if it is current, pinned, or among the last ``keep.models``; or if
    one of the last ``keep.runs`` nights published it or compared its model with it. The
    rest of a model that is half written or half removed is removed too.

    Parameters
    ----------
    champion
        The serial of the model that tonight's was compared with: tonight's manifest is
        not written yet.

    Examples
    --------
    >>> prune(Registry(store_with_night), Keep(models=31, runs=31), champion=None)
    ()
    """
    store = registry.store
    last_runs = _of_last_nights(list_runs(store), keep.runs)
    modified = store.last_modified(layout.MODELS)
    current = readable(registry.current, "no abandoned file is removed")
    held = registry.pinned()
    if current is not None:
        held.add(current.serial)
    complete = complete_models(files_by_serial(modified))
    candidates = expendable(complete, keep.models, held)
    kept = _kept_serials(registry, candidates, last_runs)
    removed = tuple(
        serial for serial in candidates if serial not in kept and serial != champion
    )
    for serial in removed:
        registry.remove(serial)
    _remove_abandoned(store, modified, current)
    return removed


def expendable(
    serials: Collection[int], models: int, held: Collection[int]
) -> list[int]:
    """Return the serials that are neither held nor among the highest, ascending.

    Parameters
    ----------
    models
        How many of the highest serials are kept.

    Examples
    --------
    >>> expendable([1, 2, 3, 4], models=1, held={2})
    [1, 3]
    """
    lowest = sorted(serials)[: max(len(serials) - models, 0)]
    return [serial for serial in lowest if serial not in held]


def _published_model(registry: Registry, entry: ModelEntry) -> PublishedModel:
    return PublishedModel.from_file(entry, registry.file(entry, MODEL_FILE))


def _of_last_nights(runs: Sequence[Run], nights: int) -> list[Run]:
    """Return the runs of the last nights; a night may have several runs."""
    dates = sorted({run.date for run in runs})[-nights:]
    return [run for run in runs if run.date in dates]


def _kept_serials(
    registry: Registry, serials: Sequence[int], last_runs: Sequence[Run]
) -> set[int]:
    """Return the serials that the last nights need.

    One of these runs published the model or compared its own with it. The champions of
    the runs are returned, too, if their serials are not among ``serials``.
    """
    dates = {run.date for run in last_runs}
    kept = set()
    for serial in serials:
        entry = registry.find_readable(serial)
        # Another night may have removed the model in between: then it has no entry, and
        # there is nothing to remove. A damaged one is kept for a person to look at.
        if entry is None or entry.date in dates:
            kept.add(serial)
    # Reading the runs takes requests for each of them.
    if not kept.issuperset(serials):
        read_champions = functools.partial(_champions, registry, last_runs)
        champions = readable(read_champions, "no model is removed")
        if champions is None:  # any of these models may be a champion
            return set(serials)
        kept |= champions
    return kept


def _champions(registry: Registry, runs: Sequence[Run]) -> set[int]:
    """Return the serials of the champions in the decisions of these runs."""
    champions = set()
    for manifest in find_runs(registry.store, runs):
        champion = None if manifest is None else manifest.results.decision.champion
        if champion is not None:
            champions.add(champion)
    return champions


def _remove_abandoned(
    store: Store,
    modified: dict[str, datetime.datetime],
    current: CurrentModel | None,
) -> None:
    """Remove what is left of models without an entry if all their files are old.

    The publication or the removal of such a model was killed. Only serials below the
    current one are looked at: if a publisher sleeps for more than a day and finds its
    files removed, its model is below the current one, so no phone gets it. Claims stay.

    Parameters
    ----------
    modified
        When each object under ``models/`` was written, by its key.
    """
    if current is None:
        return
    oldest_recent = datetime.datetime.now(datetime.UTC) - _ABANDONED_AFTER
    for serial, files in files_by_serial(modified).items():
        keys = {file: layout.model_file(*file) for file in files}
        is_complete = layout.ModelFile(serial, layout.MODEL_ENTRY) in files
        is_old = all(modified[key] < oldest_recent for key in keys.values())
        if serial < current.serial and not is_complete and is_old:
            for file, key in keys.items():
                if not file.is_claim:
                    store.delete(key)
