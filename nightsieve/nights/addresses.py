"""Where the objects of a night are that people want."""

from nightsieve.nights.model_files import file_receipt
from nightsieve.store import layout
from nightsieve.store.objects import Store
from pipeline.records.export import MODEL_FILE, PIPELINE_FILE
from pipeline.records.run import RunManifest
from pipeline.report import NightAddresses


def night_addresses(
    store: Store, manifest: RunManifest, scheduler: str | None = None
) -> NightAddresses:
    """Return the addresses that the summary of a night ends with.

    Parameters
    ----------
    scheduler
        The page that draws the graph of the night while it runs; None if it is unknown.
    """
    report = layout.report_file(manifest.date, manifest.config, layout.PAGE)
    return NightAddresses(
        model=store.address(file_receipt(manifest, MODEL_FILE).key),
        pipeline=store.address(file_receipt(manifest, PIPELINE_FILE).key),
        manifest=store.address(layout.run(manifest.date, manifest.config)),
        report=store.address(report),
        scheduler=scheduler,
    )
