"""Take away what is damaged of a finished night, so that a run of it makes it again.

A finished night asks for its report alone, and nothing below it is looked at. So with
the damaged objects go the report's index and the run manifest: then every task of the
night is asked whether its object is there.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nightsieve.store import configurations, layout, reports, runs
from nightsieve.store.artefacts import Artefact
from nightsieve.store.layout import Run
from nightsieve.store.objects import RUN_AGAIN, DamagedObject, Store
from pipeline.data.codecs import Raw
from pipeline.errors import ConfigError
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest

# What the database gave. It may answer otherwise today: what rests on it goes too.
_SAMPLE = "IngestMessages"
_GIVEN = (_SAMPLE, "IngestReviews")
# A decision that is made again is made against what is published today.
_CHANGING = (*_GIVEN, "GateModel")
_REWRITTEN = "another run has written it again, not as this night had it"


@dataclass(frozen=True)
class Damage:
    """An object that is missing, or is not what its night wrote, and what is wrong."""

    address: str
    problem: str


@dataclass(frozen=True)
class NightRepair:
    """What was wrong with a night, and what was done about it.

    Attributes
    ----------
    damage
        Empty for a night that is whole; then nothing was done.
    removed, restored
        Addresses of objects.
    manifest_lost
        Whether the run manifest itself was damaged, so that only this and the report's
        index could be looked at.
    """

    run: Run
    damage: tuple[Damage, ...]
    removed: tuple[str, ...]
    restored: tuple[str, ...] = ()
    manifest_lost: bool = False


def repair_nights(
    store: Store, date: datetime.date, config: str | None = None
) -> list[NightRepair]:
    """Check every object of the finished nights of a date; remove what is damaged.

    Published models are left alone.

    Parameters
    ----------
    config
        The digest of the run's configuration; None for every run of the date.

    Raises
    ------
    ConfigError
        There is no such run, or an earlier version of this project wrote it.
    """
    finished = [
        run for run in _finished_runs(store, date) if config in (None, run.config)
    ]
    if not finished:
        raise ConfigError(
            f"there is no such finished run of {date}; see nightsieve runs list, or "
            f"make it: luigi --module tasks Retrain --date {date}"
        )
    return [_repair(store, run) for run in finished]


def _finished_runs(store: Store, date: datetime.date) -> list[Run]:
    """Return the runs of which there is a manifest or a report."""
    listed = runs.list_runs(store, date)
    keys = store.list_by_time(layout.reports_of(date))
    reported = [run for run in map(layout.parse_report_index, keys) if run is not None]
    return list(dict.fromkeys([*listed, *reported]))


def _repair(store: Store, run: Run) -> NightRepair:
    try:
        manifest = runs.read_run(store, run)
    except DamagedObject as error:
        damage = (Damage(error.address, error.problem),)
        removed = _remove(store, _finishing_keys(run))
        return NightRepair(run, damage, removed, manifest_lost=True)
    examination = _Examination(store, run, manifest)
    examination.examine()
    restored, lost = _restore_settings(store, manifest)
    removed: tuple[str, ...] = ()
    if examination.damage or lost:
        keys = [*examination.unsound, *_finishing_keys(run)]
        removed = _remove(store, keys)
    damage = (*examination.damage, *restored, *lost)
    return NightRepair(run, damage, removed, tuple(item.address for item in restored))


def _restore_settings(
    store: Store, manifest: RunManifest
) -> tuple[list[Damage], list[Damage]]:
    """Write a damaged configuration again from the run manifest, which has it too.

    Returns
    -------
    tuple
        What was damaged and is whole again; what is damaged still.
    """
    error = configurations.find_damage(store, manifest.config)
    if error is None:
        return [], []
    damage = [Damage(error.address, error.problem)]
    if configurations.restore_settings(store, manifest.config, manifest.settings):
        return damage, []
    return [], damage


def _finishing_keys(run: Run) -> list[str]:
    """Return the keys that say that a night is finished, in the order to remove them.

    Whoever is killed in between can be followed by another repair.
    """
    return [layout.report_index(*run), layout.run(*run)]


def _remove(store: Store, keys: Iterable[str]) -> tuple[str, ...]:
    """Remove objects and their receipts; return the addresses of the objects."""
    removed = []
    for key in keys:
        store.delete(key)
        store.delete(layout.receipt(key))
        removed.append(store.address(key))
    return tuple(removed)


@dataclass
class _Examination:
    """A night whose objects are read one after another.

    Attributes
    ----------
    damage
        What is wrong, in the order of the tasks.
    unsound
        Keys of what must go, each once.
    condemned
        Families of tasks of which an object must go.
    """

    store: Store
    run: Run
    manifest: RunManifest
    damage: list[Damage] = field(default_factory=list)
    unsound: dict[str, None] = field(default_factory=dict)
    condemned: set[str] = field(default_factory=set)

    def examine(self) -> None:
        """Fill in what is damaged, and what must go with it."""
        for receipt in self.manifest.tasks:
            self._examine_task(receipt)
        self._examine_parts()
        comparisons = list(self._comparisons())
        self._examine_report()
        self._add_dependents(comparisons)

    def _examine_task(self, receipt: Receipt) -> None:
        artefact = self._artefact(receipt.key)
        try:
            artefact.verified_bytes()
        except DamagedObject as error:
            self._condemn(error, receipt.key, receipt.task)
            return
        if artefact.receipt().sha256 != receipt.sha256:
            error = DamagedObject(str(artefact), _REWRITTEN, RUN_AGAIN)
            if receipt.task in _GIVEN:
                self._condemn(error, receipt.key, receipt.task)
            else:
                self._note(error)

    def _examine_parts(self) -> None:
        parts = self.manifest.results.messages.parts
        for part in parts:
            try:
                self.store.read_verified(part.key, part.sha256)
            except DamagedObject as error:
                self._condemn(error, part.key, _SAMPLE)
        if _SAMPLE in self.condemned:
            # The manifest of the parts says that the sample is there.
            keys = [receipt.key for receipt in self.manifest.receipts(_SAMPLE)]
            self.unsound |= dict.fromkeys([*keys, *(part.key for part in parts)])

    def _comparisons(self) -> Iterator[Receipt]:
        """Yield the receipts of the whole comparisons of the date.

        The manifest does not say which one is the night's, so those of other runs of
        the date are among them. No other night asks for them again.
        """
        keys = map(layout.described, self.store.list_by_time(layout.COMPARISONS))
        for key in dict.fromkeys(keys):
            artefact = self._artefact(key)
            try:
                receipt = artefact.receipt()
                if receipt.date == self.run.date.isoformat():
                    artefact.verified_bytes()
                    yield receipt
            except DamagedObject as error:
                self._condemn(error, key, None)

    def _examine_report(self) -> None:
        try:
            index = reports.find_report(self.store, self.run)
        except DamagedObject as error:
            self._note(error)
            return
        if index is None:
            self._note(self.store.missing(layout.report_index(*self.run)))
            return
        for name, sha256 in index.files.items():
            key = layout.report_file(*self.run, name)
            try:
                self.store.read_verified(key, sha256)
            except DamagedObject as error:
                self._condemn(error, key, None)

    def _add_dependents(self, comparisons: Iterable[Receipt]) -> None:
        """Add what rests on an object that will not be made again as it was."""
        changing = self.condemned.intersection(_CHANGING)
        # In the order in which they can run: what a task requires comes before it.
        for receipt in (*self.manifest.tasks, *comparisons):
            if changing.intersection(receipt.requires):
                changing.add(receipt.task)
                self.unsound[receipt.key] = None

    def _condemn(self, error: DamagedObject, key: str, family: str | None) -> None:
        self._note(error)
        self.unsound[key] = None
        if family is not None:
            self.condemned.add(family)

    def _note(self, error: DamagedObject) -> None:
        self.damage.append(Damage(error.address, error.problem))

    def _artefact(self, key: str) -> Artefact:
        return Artefact(self.store, key, Raw(""))
