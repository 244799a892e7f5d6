"""Deciding and publishing: which models tonight's meets, and what becomes of it."""

import datetime
from collections.abc import Collection, Iterator, Sequence

from nightsieve.store import layout
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry, complete_models, files_by_serial
from nightsieve.store.runs import find_runs, list_runs
from pipeline.config.settings import Keep
from pipeline.records.export import MODEL_FILE
from pipeline.records.models import ModelEntry, ModelFacts, ModelTraits
from pipeline.records.release import Decision, Overtaken, Publication
from pipeline.release import Opponents, PublishedModel

# No publisher and no removal takes this long.
_ABANDONED_AFTER = datetime.timedelta(days=1)


def read_opponents(registry: Registry, publications_back: int | None) -> Opponents:
    """Return the models that tonight's is compared with.

    Parameters
    ----------
    publications_back
        Of the earlier one; None asks for none.
    """
    champion = registry.champion()
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
    files: dict[str, bytes],
    traits: ModelTraits,
    config: str,
    keep: Keep,
) -> Publication:
    """Publish the model if it passed, then remove models that are not kept.

    A decision is published once, however often this is asked for. One that was made
    against a model that is not the current one any more publishes nothing.

    Parameters
    ----------
    publication
        Names the decision.
    files
        Of the model, by name.
    config
        The digest of the night's configuration.
    """
    serial = None
    overtaken = None
    if decision.publish:
        if registry.by_publication(publication) is None:
            overtaken = overtaken_by(registry.champion(), decision, traits.date)
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


def overtaken_by(
    current: ModelEntry | None, decision: Decision, date: datetime.date
) -> Overtaken | None:
    """Return the model that was published after the decision; None without one.

    Serials only ascend: if the decision's champion is current, nothing was published
    in between.

    Parameters
    ----------
    current
        None before the first publication.
    date
        The night that was decided.
    """
    if current is None or current.serial == decision.champion:
        return None
    later = current.date > date
    return Overtaken(serial=current.serial, date=current.date, later=later)


def prune(registry: Registry, keep: Keep, champion: int | None) -> tuple[int, ...]:
    """Remove the models that nothing holds; return their serials.

    A model is held if it is current, pinned, among the last, or of one of the last
    nights: the one that the night published, or the one that it was held against. What
    was left of a model half written or half removed goes too.

    Parameters
    ----------
    champion
        What tonight's model was held against: tonight's manifest is not written yet.
    """
    store = registry.store
    runs = list_runs(store)
    dates = sorted({run.date for run in runs})[-keep.runs :]
    modified = store.last_modified(layout.MODELS)
    current = registry.current()
    held = registry.pinned()
    if current is not None:
        held.add(current.serial)
    complete = complete_models(files_by_serial(modified))
    unheld = []
    for serial in expendable(complete, keep.models, held):
        entry = registry.get(serial)
        # Another night may be removing the same: what is gone by now has no entry.
        if entry is not None and entry.date not in dates:
            unheld.append(serial)
    compared = {champion}
    if unheld:  # this takes requests for each run
        compared |= _champions(registry, [run for run in runs if run.date in dates])
    removed = tuple(serial for serial in unheld if serial not in compared)
    for serial in removed:
        registry.remove(serial)
    for key in _abandoned(modified, 0 if current is None else current.serial):
        store.delete(key)
    return removed


def expendable(
    serials: Collection[int], models: int, held: Collection[int]
) -> list[int]:
    """Return the serials that are neither held nor among the highest, ascending.

    Parameters
    ----------
    models
        How many of the highest are kept.
    """
    lowest = sorted(serials)[: max(len(serials) - models, 0)]
    return [serial for serial in lowest if serial not in held]


def _published_model(registry: Registry, entry: ModelEntry) -> PublishedModel:
    return PublishedModel.from_file(entry, registry.file(entry, MODEL_FILE))


def _champions(registry: Registry, runs: Sequence[Run]) -> set[int | None]:
    """Return the serials of the champions in the decisions of these runs."""
    champions = set()
    for manifest in find_runs(registry.store, runs):
        if manifest is not None:
            champions.add(manifest.results.decision.champion)
    return champions


def _abandoned(modified: dict[str, datetime.datetime], current: int) -> Iterator[str]:
    """Return the keys of models without an entry whose files are all old.

    Their publishers were killed, or their removal was. Only below the current serial:
    so a publisher that sleeps for longer than anybody thought, and finds its files
    gone, has made a model that nobody is given.
    """
    recent = datetime.datetime.now(datetime.UTC) - _ABANDONED_AFTER
    for serial, files in files_by_serial(modified).items():
        keys = {file: layout.model_file(*file) for file in files}
        complete = layout.ModelFile(serial, layout.MODEL_ENTRY) in files
        old = all(modified[key] < recent for key in keys.values())
        if serial < current and not complete and old:
            for file, key in keys.items():
                if not file.is_claim:
                    yield key
