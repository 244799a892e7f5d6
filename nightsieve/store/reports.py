"""The report of every night, and the page of all nights."""

import functools
import hashlib
from concurrent.futures import ThreadPoolExecutor

from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact
from nightsieve.store.history import readable
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry
from nightsieve.store.objects import Conflict, DamagedObject, Store, damage_at
from nightsieve.store.runs import REQUESTS_AT_ONCE, find_readable_run, list_runs
from pipeline import report
from pipeline.data.codecs import RecordJson
from pipeline.records.models import ModelEntry
from pipeline.records.run import KeyFigures, ListedNight, ReportIndex

_ATTEMPTS = 20


def index_of(store: Store, run: Run) -> Artefact:
    """Return the index of the report of a run; a later run replaces it.

    Examples
    --------
    >>> import datetime
    >>> str(index_of(store, Run(datetime.date(2026, 11, 20), "0123456789abcdef")))
    's3://memory/reports/2026-11-20/0123456789abcdef/report.json'
    """
    codec = RecordJson(ReportIndex)
    return Artefact(store, layout.report_index(*run), codec, replaceable=True)


def write_report(
    store: Store, fingerprint: str, files: dict[str, bytes], figures: KeyFigures
) -> ReportIndex:
    """Write the files of a report, and the page of all nights with a line for it.

    Parameters
    ----------
    fingerprint
        The fingerprint of the task that writes the report.
    files
        The content of each file by its name.
    figures
        The key figures of the night.

    Returns
    -------
    ReportIndex
        The index of the report, which the task must write last, as its output.

    Examples
    --------
    >>> (night,) = list_nights(store_with_night)
    >>> files = {"index.html": b"<html/>"}
    >>> index = write_report(store_with_night, "9f3a", files, night.figures)
    >>> list(index.files)
    ['index.html']
    """
    # A reader between two of these requests finds no report, rather than a mixed one.
    store.delete(layout.report_index(figures.date, figures.config))
    digests = {}
    for name, content in files.items():
        store.write(layout.report_file(figures.date, figures.config, name), content)
        digests[name] = hashlib.sha256(content).hexdigest()
    write_nights_page(store, figures)
    return ReportIndex(fingerprint=fingerprint, figures=figures, files=digests)


def find_report(store: Store, run: Run) -> ReportIndex | None:
    """Return the index of the report of a run; None if it has no report.

    Raises
    ------
    ArtefactError
        The index is damaged.

    Examples
    --------
    >>> (run,) = list_runs(store_with_night)
    >>> list(find_report(store_with_night, run).files)
    ['index.html']
    """
    artefact = index_of(store, run)
    content = artefact.find_verified_bytes()
    if content is None:
        return None
    with damage_at(str(artefact)):
        return ReportIndex.from_json(content)


def find_readable_report(store: Store, run: Run) -> ReportIndex | None:
    """Return what `find_report` returns; None, with a warning, if it is damaged.

    Examples
    --------
    >>> (run,) = list_runs(store_with_night)
    >>> store_with_night.write(layout.report_index(*run), b"damaged")
    >>> find_readable_report(store_with_night, run) is None
    True
    """
    find = functools.partial(find_report, store, run)
    return readable(find, "the report is left out")


def read_report(store: Store, run: Run) -> dict[str, bytes]:
    """Return the files of the report of a run by name; empty if it has no report.

    Raises
    ------
    ArtefactError
        A file is not what was written.

    Examples
    --------
    >>> (run,) = list_runs(store_with_night)
    >>> read_report(store_with_night, run)
    {'index.html': b'<html/>'}
    """
    index = find_report(store, run)
    while index is not None:
        try:
            return _read_files(store, run, index)
        except DamagedObject:
            # Perhaps the night ran again meanwhile, and wrote another report.
            index_before = index
            index = find_report(store, run)
            if index == index_before:
                raise
    return {}


def _read_files(store: Store, run: Run, index: ReportIndex) -> dict[str, bytes]:
    contents = {}
    for name, sha256 in index.files.items():
        key = layout.report_file(*run, name)
        contents[name] = store.read_verified(key, sha256)
    return contents


def list_nights(store: Store) -> list[ListedNight]:
    """Return every night, the last written one last.

    Nights of an earlier version are left out, and so are damaged ones, with a warning.

    Examples
    --------
    >>> [str(night.figures.date) for night in list_nights(store_with_night)]
    ['2026-11-20']
    """
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        nights = pool.map(functools.partial(_listed, store), list_runs(store))
        return [night for night in nights if night is not None]


def write_nights_page(store: Store, tonight: KeyFigures | None = None) -> None:
    """Write the page of all nights.

    Two nights may end together, and the slower one does not know of the other: so the
    page is written again until nothing has changed in between.

    Parameters
    ----------
    tonight
        The figures of a night whose report is written, except for its index.

    Raises
    ------
    Conflict
        Other nights keep changing the page.

    Examples
    --------
    >>> write_nights_page(store_with_night)
    >>> b"2026-11-20" in store_with_night.read("reports/index.html")
    True
    """
    written = None
    for _ in range(_ATTEMPTS):
        nights = list_nights(store)
        if tonight is not None:
            nights = _with_tonight(nights, tonight)
        rollbacks = _rollbacks(store, nights)
        champion = readable(Registry(store).champion, "no model is marked as current")
        content = (nights, champion, rollbacks)
        if content == written:
            return
        for name, page in report.nights_page(*content).items():
            store.write(layout.nights_file(name), page)
        written = content
    address = store.address(layout.nights_file(layout.PAGE))
    raise Conflict(f"{address}: other nights keep writing it; try again")


def _listed(store: Store, run: Run) -> ListedNight | None:
    """Return the line of a run; None if it is damaged, or of an earlier version."""
    index = find_readable_report(store, run)
    if index is not None:
        return ListedNight(figures=index.figures, report=layout.report_link(*run))
    manifest = find_readable_run(store, run)
    if manifest is not None:
        return ListedNight(figures=report.key_figures(manifest), report=None)
    return None


def _with_tonight(nights: list[ListedNight], tonight: KeyFigures) -> list[ListedNight]:
    run = Run(tonight.date, tonight.config)
    others = [night for night in nights if _run_of(night) != run]
    link = layout.report_link(*run)
    return [*others, ListedNight(figures=tonight, report=link)]


def _run_of(night: ListedNight) -> Run:
    return Run(night.figures.date, night.figures.config)


def _rollbacks(store: Store, nights: list[ListedNight]) -> list[ModelEntry]:
    """Return the models that rollbacks published, rather than the nights."""
    registry = Registry(store)
    published_by_nights = {night.figures.serial for night in nights}
    rollbacks = []
    for serial in registry.serials():
        if serial in published_by_nights:
            continue
        entry = registry.find_readable(serial)
        if entry is not None and entry.restores is not None:
            rollbacks.append(entry)
    return rollbacks
