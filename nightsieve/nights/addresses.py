"""The addresses of the objects of a night that people look for."""

from nightsieve.nights.model_files import file_receipt
from nightsieve.store import layout
from nightsieve.store.objects import Store
from pipeline import report
from pipeline.records.export import MODEL_FILE, PIPELINE_FILE
from pipeline.records.run import RunManifest


def night_addresses(
    store: Store, manifest: RunManifest, scheduler: str | None = None
) -> "report.NightAddresses":
    """Return the addresses that the summary of a night ends with.

    Parameters
    ----------
    scheduler
        The page that draws the graph of the night while it runs; None if it is unknown.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> night_addresses(store_with_night, night).model
    's3://memory/export/model-9f3a.json'
    """
    page = layout.report_file(manifest.date, manifest.config, layout.PAGE)
    return report.NightAddresses(
        model=store.address(file_receipt(manifest, MODEL_FILE).key),
        pipeline=store.address(file_receipt(manifest, PIPELINE_FILE).key),
        manifest=store.address(layout.run(manifest.date, manifest.config)),
        report=store.address(page),
        scheduler=scheduler,
    )
