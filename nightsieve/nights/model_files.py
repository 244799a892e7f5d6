"""The files of the model that a night exported."""

from nightsieve.store.objects import Store
from pipeline.errors import ArtefactError
from pipeline.records.export import MANIFEST_FILE
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest


def file_receipt(manifest: RunManifest, name: str) -> Receipt:
    """Return the receipt of the object that holds a file of the model.

    Raises
    ------
    ArtefactError
        No task of the night wrote this file.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> file_receipt(night, "model.json").task
    'ExportCoefficients'
    """
    file = manifest.results.description.files.get(name)
    if file is not None:
        for receipt in manifest.tasks:
            if receipt.sha256 == file.sha256:
                return receipt
    raise ArtefactError(
        f"the night of {manifest.date}: {name} is not the output of any of its tasks; "
        "run the night again"
    )


def read_model_files(store: Store, manifest: RunManifest) -> dict[str, bytes]:
    """Return the files of a night's model by name, as a published model has them.

    Their manifest has the serial, if the model was published.

    Raises
    ------
    ArtefactError
        A file is not what the night wrote.

    Examples
    --------
    >>> import datetime
    >>> from nightsieve.nights.find import find_night
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> list(read_model_files(store_with_night, night))
    ['model.json', 'pipeline.joblib', 'manifest.json']
    """
    contents = {}
    # The night's own list of files: a night of an earlier version may have fewer.
    for name in manifest.results.description.files:
        receipt = file_receipt(manifest, name)
        contents[name] = store.read_verified(receipt.key, receipt.sha256)
    serial = manifest.results.publication.serial
    description = manifest.results.description
    with_serial = description.model_copy(update={"serial": serial})
    contents[MANIFEST_FILE] = with_serial.to_json()
    return contents
