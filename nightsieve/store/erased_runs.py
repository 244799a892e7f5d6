"""Say in run manifests and reports what was erased from the objects of a night."""

# The pages of a report are imported where they are changed: a second run of a finished
# night imports this module, and nothing that makes pages.
# ruff: noqa: PLC0415

import datetime
import hashlib
import json
from collections.abc import Callable, Collection

from nightsieve.store import layout
from nightsieve.store.erasure import (
    ERASABLE,
    add_rows,
    find_receipt,
    find_shard_manifest,
    rewrite,
)
from nightsieve.store.layout import Run
from nightsieve.store.objects import DamagedObject, Store, damage_at, has_sha256
from pipeline import erasure
from pipeline.erasure.result import Erasure
from pipeline.records.receipt import Receipt
from pipeline.records.run import FORMAT, ReportIndex, RunManifest


def update_run(store: Store, run: Run) -> int | None:
    """Write into a run manifest what was erased from the objects of its night.

    Returns
    -------
    int or None
        The number of erased messages of the night, if the manifest has changed.

    Raises
    ------
    DamagedObject
        The run manifest is not what was written.

    Examples
    --------
    >>> from nightsieve.store.runs import list_runs
    >>> update_run(store_with_night, list_runs(store_with_night)[0]) is None
    True
    """
    key = layout.run(*run)
    answer = store.read_with_etag(key)
    if answer is None:
        return None
    with damage_at(store.address(key)):
        updated = _updated(store, answer[0])
    if updated is None:
        return None

    def erase(content: bytes) -> Erasure | None:
        manifest = _updated(store, content)
        return None if manifest is None else Erasure(manifest.to_json(), updated.erased)

    # The manifest comes last: it says that the night needs no more work.
    rewrite_report(store, run, (), updated.erased)
    rewrite(store, key, erase, _at_least)
    return updated.erased


def rewrite_report(
    store: Store, run: Run, shown: Collection[str], erased: int = 0
) -> bool:
    """Erase masked messages from the report of a run; return whether it has changed.

    Parameters
    ----------
    shown
        The masked messages.
    erased
        The number of erased messages of the night, which the report says; 0 leaves what
        it says.

    Raises
    ------
    DamagedObject
        The report is not what was written.

    Examples
    --------
    >>> from nightsieve.store.runs import list_runs
    >>> (run,) = list_runs(store_with_night)
    >>> rewrite_report(store_with_night, run, shown=["██ code ██"])
    False
    """
    from pipeline import report

    page_key = layout.report_file(*run, layout.PAGE)
    index_key = layout.report_index(*run)
    answer = store.read_with_etag(page_key)
    if answer is None:
        return False
    page = answer[0]
    new_page: bytes = report.erase_from_page(page, shown, erased)

    def erase(content: bytes) -> Erasure | None:
        index = ReportIndex.from_json(content)
        named = index.files.get(layout.PAGE, "")
        if has_sha256(new_page, named):
            return None
        if not has_sha256(page, named):
            store.verify(page_key, page, named)
        sha256 = hashlib.sha256(new_page).hexdigest()
        files = {**index.files, layout.PAGE: sha256}
        changed = index.model_copy(update={"files": files})
        return Erasure(changed.to_json(), rows=len(shown))

    # Without an index, a night was stopped: its next run writes the page again.
    rewrite(store, index_key, erase, _at_least if erased else add_rows)
    if new_page != page:
        store.write(page_key, new_page)
    return new_page != page


def erase_from_reports(
    store: Store,
    comparison: str,
    date: datetime.date,
    texts: Collection[str] | None,
    note: Callable[[DamagedObject], None],
) -> None:
    """Erase from the reports of a date the masked messages that a comparison shows.

    Parameters
    ----------
    comparison
        The key of the comparison, which is left as it is.
    texts
        Cleaned texts; None for every message.
    note
        Receives each damaged object.

    Examples
    --------
    >>> date = datetime.date(2026, 11, 20)
    >>> key = "report/comparison-9f3a.json"
    >>> erase_from_reports(store_with_night, key, date, texts=None, note=print)
    """
    answer = store.read_with_etag(comparison)
    if answer is None:
        return
    try:
        with damage_at(store.address(comparison)):
            shown = erasure.shown_texts(answer[0], texts)
    except DamagedObject:
        return  # it is removed later
    if not shown:
        return
    for key in store.last_modified(layout.reports_of(date)):
        run = layout.parse_report_index(key)
        if run is not None:
            try:
                rewrite_report(store, run, shown)
            except DamagedObject as error:
                note(error)


def _at_least(receipt: Receipt, rows: int) -> int:
    return max(receipt.erased, rows)


def _updated(store: Store, content: bytes) -> RunManifest | None:
    """Return a run manifest with the receipts of today; None if they are in it.

    A manifest of an earlier version is left alone: its night must run again.
    """
    if json.loads(content).get("format") != FORMAT:
        return None
    manifest = RunManifest.from_json(content)
    results = manifest.results
    tasks = []
    for receipt in manifest.tasks:
        current = None
        if receipt.key.startswith(ERASABLE):
            current = find_receipt(store, receipt.key)
        if current is not None and current.erased > receipt.erased:
            tasks.append(current)
            if receipt.key.startswith(layout.MESSAGES):
                messages = find_shard_manifest(store, receipt.key) or results.messages
                results = results.model_copy(update={"messages": messages})
        else:
            tasks.append(receipt)
    if tuple(tasks) == manifest.tasks:
        return None
    return manifest.model_copy(update={"tasks": tuple(tasks), "results": results})
