"""Where the objects of a night are that people want."""

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
    """
    page = layout.report_file(manifest.date, manifest.config, layout.PAGE)
    return report.NightAddresses(
        model=store.address(file_receipt(manifest, MODEL_FILE).key),
        pipeline=store.address(file_receipt(manifest, PIPELINE_FILE).key),
        manifest=store.address(layout.run(manifest.date, manifest.config)),
        report=store.address(page),
        scheduler=scheduler,
    )
