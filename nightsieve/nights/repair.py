"""Remove the damaged objects of a finished night, so that its next run makes them.

A run of a finished night looks for the report alone, and for nothing below it. So the
report's index and the run manifest are removed together with the damaged objects: then
the run looks for the object of every task.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nightsieve.store import configurations, layout, reports, runs
from nightsieve.store.artefacts import Artefact, remove_object
from nightsieve.store.layout import Run
from nightsieve.store.objects import RUN_AGAIN, DamagedObject, Store
from pipeline.data.codecs import Raw
from pipeline.errors import ConfigError
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest

_INGEST_MESSAGES = "IngestMessages"
# Tasks that read the database, which may answer otherwise today.
_FROM_DATABASE = (_INGEST_MESSAGES, "IngestReviews")
# Tasks whose objects may differ when they are made again: what depends on them is
# removed too. A decision that is made again looks at the models published today.
_CHANGING = (*_FROM_DATABASE, "GateModel")
_REWRITTEN = "another run wrote it again, with another content than this night's"


@dataclass(frozen=True)
class Damage:
    """An object that is missing, or is not what its night wrote.

    Examples
    --------
    >>> Damage("s3://bucket/a.json", problem="there is no such object").problem
    'there is no such object'
    """

    address: str
    problem: str


@dataclass(frozen=True)
class NightRepair:
    """What was wrong with a night, and what was done about it.

    Attributes
    ----------
    damage
        The damaged objects; empty for a whole night, to which nothing was done.
    removed
        The addresses of the objects that were removed.
    restored
        The addresses of the objects that were written again.
    manifest_lost
        Whether the run manifest itself was damaged. Then only the manifest and the
        report's index were removed, and no other object was looked at.

    Examples
    --------
    >>> (repair,) = repair_nights(store_with_night, datetime.date(2026, 11, 20))
    >>> repair.run.date, repair.removed
    (datetime.date(2026, 11, 20), ())
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
        There is no such run, or an earlier version of Nightsieve wrote it.

    Examples
    --------
    >>> night = datetime.date(2026, 11, 20)
    >>> store_with_night.write("export/model-9f3a.json", b"damaged")
    >>> (repair,) = repair_nights(store_with_night, night)
    >>> [damage.problem for damage in repair.damage]
    ['is not the object that was written']
    >>> repair.removed[0]
    's3://memory/export/model-9f3a.json'
    """
    finished = _finished_runs(store, date)
    if config is not None:
        finished = [run for run in finished if run.config == config]
    if not finished:
        raise ConfigError(
            f"there is no such finished run of {date}; see nightsieve runs list, or "
            f"run the night: luigi --module tasks Retrain --date {date}"
        )
    return [_repair(store, run) for run in finished]


def _finished_runs(store: Store, date: datetime.date) -> list[Run]:
    """Return the runs that have a manifest or a report."""
    finished = dict.fromkeys(runs.list_runs(store, date))
    for key in store.list_by_time(layout.reports_of(date)):
        run = layout.parse_report_index(key)
        if run is not None:
            finished[run] = None
    return list(finished)


def _repair(store: Store, run: Run) -> NightRepair:
    try:
        manifest = runs.read_run(store, run)
    except DamagedObject as error:
        return NightRepair(
            run,
            damage=(Damage(error.address, error.problem),),
            removed=_remove(store, _finishing_keys(run)),
            manifest_lost=True,
        )
    examination = _Examination(store, run, manifest)
    examination.examine()
    damage = examination.damage
    must_run_again = bool(damage)
    restored: tuple[str, ...] = ()
    damaged_settings = _find_damaged_settings(store, manifest)
    if damaged_settings is not None:
        damage = [*damage, damaged_settings]
        if _restore_settings(store, manifest):
            restored = (damaged_settings.address,)
        else:
            must_run_again = True
    removed: tuple[str, ...] = ()
    if must_run_again:
        removed = _remove(store, [*examination.unsound, *_finishing_keys(run)])
    return NightRepair(run, tuple(damage), removed, restored)


def _find_damaged_settings(store: Store, manifest: RunManifest) -> Damage | None:
    """Return what is wrong with the frozen configuration; None if it is whole."""
    error = configurations.find_damage(store, manifest.config)
    return None if error is None else Damage(error.address, error.problem)


def _restore_settings(store: Store, manifest: RunManifest) -> bool:
    """Write the configuration again from the run manifest; return whether it could."""
    return configurations.restore_settings(store, manifest.config, manifest.settings)


def _finishing_keys(run: Run) -> list[str]:
    """Return the keys that say that a night is finished, in the order of removal.

    After a repair that is killed between the two, another repair can follow.
    """
    return [layout.report_index(*run), layout.run(*run)]


def _remove(store: Store, keys: Iterable[str]) -> tuple[str, ...]:
    """Remove objects and their receipts; return the addresses of the objects."""
    removed = []
    for key in keys:
        remove_object(store, key)
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
        The keys of the objects that must be removed. A dictionary keeps their order.
    condemned
        The families of the tasks that wrote a removed object.
    """

    store: Store
    run: Run
    manifest: RunManifest
    damage: list[Damage] = field(default_factory=list)
    unsound: dict[str, None] = field(default_factory=dict)
    condemned: set[str] = field(default_factory=set)

    def examine(self) -> None:
        """Fill in the attributes: what is damaged, and what must be removed with it."""
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
        current = artefact.receipt()
        # Messages were erased from it, and the run manifest does not say so yet.
        is_erased = current.erased > receipt.erased
        if current.sha256 != receipt.sha256 and not is_erased:
            rewritten = DamagedObject(str(artefact), _REWRITTEN, RUN_AGAIN)
            if receipt.task in _FROM_DATABASE:
                self._condemn(rewritten, receipt.key, receipt.task)
            else:
                self._note(rewritten)

    def _examine_parts(self) -> None:
        parts = self.manifest.results.messages.parts
        for part in parts:
            try:
                self.store.read_verified(part.key, part.sha256)
            except DamagedObject as error:
                self._condemn(error, part.key, _INGEST_MESSAGES)
        if _INGEST_MESSAGES in self.condemned:
            # The manifest of the parts says that the sample is there.
            for receipt in self.manifest.receipts(_INGEST_MESSAGES):
                self.unsound[receipt.key] = None
            for part in parts:
                self.unsound[part.key] = None

    def _comparisons(self) -> Iterator[Receipt]:
        """Yield the receipts of the undamaged comparisons of the date.

        The manifest does not say which comparison is the night's, so those of other
        runs of the date are among them. No other night reads them again.
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
        """Add what depends on an object that may differ when it is made again."""
        changing = self.condemned.intersection(_CHANGING)
        # The receipts are in the order in which the tasks can run: what a task requires
        # comes before it.
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
