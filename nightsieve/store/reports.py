"""The report of every night, and the page of all nights."""

import functools
import hashlib
from concurrent.futures import ThreadPoolExecutor

from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry
from nightsieve.store.objects import Conflict, Store, damage_at
from nightsieve.store.runs import find_run, list_runs
from pipeline import report
from pipeline.data.codecs import RecordJson
from pipeline.records.models import ModelEntry
from pipeline.records.run import KeyFigures, ListedNight, ReportIndex

_AT_ONCE = 8  # requests
_ATTEMPTS = 20


def index_of(store: Store, run: Run) -> Artefact:
    """Return where a report says what it is made of; a later one replaces it."""
    codec = RecordJson(ReportIndex)
    return Artefact(store, layout.report_index(*run), codec, replaceable=True)


def write_report(
    store: Store, fingerprint: str, files: dict[str, bytes], figures: KeyFigures
) -> ReportIndex:
    """Write the files of a report, and the page of all nights with its line.

    Parameters
    ----------
    fingerprint
        Of the task that writes the report.

    Returns
    -------
    ReportIndex
        What to write last, as the output of that task.
    """
    digests = {}
    for name, content in files.items():
        store.write(layout.report_file(figures.date, figures.config, name), content)
        digests[name] = hashlib.sha256(content).hexdigest()
    write_nights_page(store, figures)
    return ReportIndex(fingerprint=fingerprint, figures=figures, files=digests)


def find_report(store: Store, run: Run) -> ReportIndex | None:
    """Return what the report of a run is made of; None if it has no report.

    Raises
    ------
    ArtefactError
        It is damaged.
    """
    artefact = index_of(store, run)
    content = artefact.find_verified_bytes()
    if content is None:
        return None
    with damage_at(str(artefact)):
        return ReportIndex.from_json(content)


def read_report(store: Store, run: Run) -> dict[str, bytes]:
    """Return the files of the report of a run by name; none if it has no report.

    Raises
    ------
    ArtefactError
        One of them is not what was written.
    """
    index = find_report(store, run)
    if index is None:
        return {}
    return {
        name: store.read_verified(layout.report_file(*run, name), sha256)
        for name, sha256 in index.files.items()
    }


def list_nights(store: Store) -> list[ListedNight]:
    """Return every night, the one whose manifest was written last at the end.

    Nights of an earlier version are left out.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        nights = pool.map(functools.partial(_listed, store), list_runs(store))
        return [night for night in nights if night is not None]


def write_nights_page(store: Store, tonight: KeyFigures | None = None) -> None:
    """Write the page of all nights.

    Two nights may end together, and the slower one does not know of the other: so the
    page is written again until nothing has changed meanwhile.

    Parameters
    ----------
    tonight
        Of a night whose report has been written but for its index.

    Raises
    ------
    Conflict
        Other nights change the page all the time.
    """
    written = None
    for _ in range(_ATTEMPTS):
        nights = list_nights(store)
        if tonight is not None:
            nights = _with_tonight(nights, tonight)
        content = (nights, *_models(store, nights))
        if content == written:
            return
        for name, page in report.nights_page(*content).items():
            store.write(layout.nights_file(name), page)
        written = content
    address = store.address(layout.nights_file(layout.PAGE))
    raise Conflict(f"{address}: other nights write it all the time; try again")


def _listed(store: Store, run: Run) -> ListedNight | None:
    if (index := find_report(store, run)) is not None:
        return ListedNight(figures=index.figures, report=layout.report_link(*run))
    if (manifest := find_run(store, run)) is not None:
        return ListedNight(figures=report.key_figures(manifest), report=None)
    return None


def _with_tonight(nights: list[ListedNight], tonight: KeyFigures) -> list[ListedNight]:
    run = Run(tonight.date, tonight.config)
    others = [
        night for night in nights if (night.figures.date, night.figures.config) != run
    ]
    link = layout.report_link(*run)
    return [*others, ListedNight(figures=tonight, report=link)]


def _models(
    store: Store, nights: list[ListedNight]
) -> tuple[ModelEntry | None, list[ModelEntry]]:
    """Return the current model, and those that rollbacks published."""
    registry = Registry(store)
    own = {night.figures.serial for night in nights}
    rollbacks = []
    for serial in registry.serials():
        entry = None if serial in own else registry.get(serial)
        if entry is not None and entry.restores is not None:
            rollbacks.append(entry)
    return registry.champion(), rollbacks
