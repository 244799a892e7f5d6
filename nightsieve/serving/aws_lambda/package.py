"""Write the zip file that AWS Lambda runs."""

import io
import json
import zipfile
from pathlib import Path

from nightsieve.serving.aws_lambda.handler import MODEL_FILE, REFERENCE_FILE
from nightsieve.serving.contract.preparation import ServedModel
from scorers.python import nightsieve_scorer

_ENTRY_MODULE = "lambda_function"
#: The handler to name at AWS.
HANDLER = f"{_ENTRY_MODULE}.lambda_handler"

_ENTRY = '''\
"""What AWS Lambda calls; the model is loaded while the function is initialised."""

from nightsieve.serving.aws_lambda.handler import Handler

lambda_handler = Handler.of_package(__name__)
'''
# Modules and packages of the function, from the folder that they are imported from.
_SOURCES = (
    "nightsieve/serving/aws_lambda/events.py",
    "nightsieve/serving/aws_lambda/handler.py",
    "nightsieve/serving/contract/*.py",
    "scorers/python/nightsieve_scorer.py",
)
# Packages that only lead to these; without a file, a zip file would hide them.
_PARENTS = (
    "nightsieve",
    "nightsieve/serving",
    "nightsieve/serving/aws_lambda",
    "scorers",
    "scorers/python",
)
_DATE = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE = 0o100644 << 16
_UNIX = 3


def package_function(model: ServedModel, content: bytes) -> bytes:
    """Return a zip file with the model, the contract, the scorer and the handler.

    The same model and version give the same bytes. Nothing is compressed: how zlib
    compresses differs between its builds.

    Parameters
    ----------
    content
        Of the model file.
    """
    reference = {"serial": model.serial, "sha256": model.sha256}
    files = {
        f"{_ENTRY_MODULE}.py": _ENTRY.encode(),
        MODEL_FILE: content,
        REFERENCE_FILE: f"{json.dumps(reference)}\n".encode(),
    }
    files |= {f"{parent}/__init__.py": b"" for parent in _PARENTS}
    files |= _modules()
    return _zip(files)


def _modules() -> dict[str, bytes]:
    """Return the source of the function's modules by its path."""
    root = Path(nightsieve_scorer.__file__).parents[2]
    sources = {}
    for pattern in _SOURCES:
        for path in root.glob(pattern):
            sources[path.relative_to(root).as_posix()] = path.read_bytes()
    return sources


def _zip(files: dict[str, bytes]) -> bytes:
    """Return a zip file whose bytes depend on names and contents alone."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE_FILE
            archive.writestr(entry, content)
    return packed.getvalue()
