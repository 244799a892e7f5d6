"""Every key of a store, and what a key says.

=============================================  =========================================
``layout.json``                                which layout the store has
``configs/<digest>.json``                      a frozen configuration
``<stage>/<name>-<fingerprint>.<suffix>``      what a task hands over
``<stage>/<name>-<fingerprint>/part-...``      one part of it, if it is stored in parts
``runs/<date>/<digest>.json``                  the manifest of a night
``reports/<date>/<digest>/...``                the report of a night, `report.json` last
``reports/index.html``                         the page of all nights
``models/<serial>/...``                        a published model, `entry.json` last
``models/<serial>/claim-<publication>-...``    who took the serial
``models/current.json``                        which model is current
``models/pinned/<serial>``                     a model that no retention removes
``replays/<token>/...``                        a store of its own for a replay
``<key>.receipt.json``                         how the object of that key was made
=============================================  =========================================

Keys are relative to the prefix of the store. Their text stands in no other module.
"""

import datetime
import re
from typing import NamedTuple

LAYOUT = "layout.json"

CONFIGS = "configs/"
RUNS = "runs/"
REPORTS = "reports/"
MODELS = "models/"
PINNED_MODELS = "models/pinned/"
#: What the keys of all comparisons of a night's model with the published one begin with.
COMPARISONS = "report/comparison-"
REPLAYS = "replays/"

CURRENT_MODEL = "models/current.json"
#: Written last: a serial without it is no model.
MODEL_ENTRY = "entry.json"
#: Written last: a folder without it is no report.
REPORT_INDEX = "report.json"
#: The page that a reader of a report, or of all nights, opens first.
PAGE = "index.html"

_RECEIPT = ".receipt.json"
_CLAIM = "claim-"
_JSON = ".json"
_RUN_KEY = re.compile(r"runs/(\d{4}-\d{2}-\d{2})/([0-9a-f]+)\.json")
_MODEL_KEY = re.compile(r"models/(\d+)/(.+)")
_REPORT_KEY = re.compile(r"reports/(\d{4}-\d{2}-\d{2})/([0-9a-f]+)/report\.json")
_PINNED_KEY = re.compile(r"models/pinned/(\d+)")


class Run(NamedTuple):
    """A night with one configuration; a later run of the same replaces it.

    Attributes
    ----------
    config
        The digest of the configuration.
    """

    date: datetime.date
    config: str


class ModelFile(NamedTuple):
    """An object under the serial of a model."""

    serial: int
    name: str

    @property
    def is_claim(self) -> bool:
        """Whether it claims the serial; anything else is a file of the model."""
        return self.name.startswith(_CLAIM)

    def claims_for(self, publication: str) -> bool:
        """Return whether it claims the serial for this publication."""
        return self.name.startswith(f"{_CLAIM}{publication}-")


def receipt(key: str) -> str:
    """Return the key of the receipt of an object."""
    return f"{key}{_RECEIPT}"


def described(key: str) -> str:
    """Return the key of what a receipt describes; that of any other object itself."""
    return key.removesuffix(_RECEIPT)


def configuration(digest: str) -> str:
    """Return the key of a frozen configuration."""
    return f"{CONFIGS}{digest}{_JSON}"


def artefact(stage: str, name: str, fingerprint: str, suffix: str) -> str:
    """Return the key of what a task hands over."""
    return f"{stage}/{name}-{fingerprint}.{suffix}"


def part(manifest: str, index: int, parts: int, sha256: str, suffix: str) -> str:
    """Return the key of one part of what a task hands over.

    It is named by its content too: a worker that was given up but still writes cannot
    replace the part of another.

    Parameters
    ----------
    manifest
        The key of the manifest that names the parts.
    """
    folder = manifest.removesuffix(_JSON)
    return f"{folder}/part-{index:05d}-of-{parts:05d}-{sha256[:16]}.{suffix}"


def run(date: datetime.date, config: str) -> str:
    """Return the key of the manifest of a run."""
    return f"{RUNS}{date}/{config}{_JSON}"


def runs_of(date: datetime.date) -> str:
    """Return what the keys of all runs of a date begin with."""
    return f"{RUNS}{date}/"


def parse_run(key: str) -> Run | None:
    """Return the run that a key is the manifest of; None for any other key."""
    return _run_of(_RUN_KEY.fullmatch(key))


def report_file(date: datetime.date, config: str, name: str) -> str:
    """Return the key of one file of the report of a run."""
    return f"{REPORTS}{date}/{config}/{name}"


def report_index(date: datetime.date, config: str) -> str:
    """Return the key of what says of which files the report of a run is made."""
    return report_file(date, config, REPORT_INDEX)


def reports_of(date: datetime.date) -> str:
    """Return what the keys of all reports of a date begin with."""
    return f"{REPORTS}{date}/"


def parse_report_index(key: str) -> Run | None:
    """Return the run that a key is the report's index of; None for any other key."""
    return _run_of(_REPORT_KEY.fullmatch(key))


def nights_file(name: str) -> str:
    """Return the key of one file of the page of all nights."""
    return f"{REPORTS}{name}"


def report_link(date: datetime.date, config: str) -> str:
    """Return where the report of a run is, relative to the page of all nights."""
    return report_file(date, config, PAGE).removeprefix(REPORTS)


def model_file(serial: int, name: str) -> str:
    """Return the key of one file of a published model."""
    return f"{MODELS}{serial}/{name}"


def model_entry(serial: int) -> str:
    """Return the key of the entry of a published model."""
    return model_file(serial, MODEL_ENTRY)


def model_claim(serial: int, publication: str, token: str) -> str:
    """Return the key of a claim to a serial."""
    return model_file(serial, f"{_CLAIM}{publication}-{token}")


def parse_model_file(key: str) -> ModelFile | None:
    """Return serial and name of an object of a model; None for any other key."""
    match = _MODEL_KEY.fullmatch(key)
    return ModelFile(int(match[1]), match[2]) if match else None


def pinned_model(serial: int) -> str:
    """Return the key that pins a model."""
    return f"{PINNED_MODELS}{serial}"


def parse_pinned_model(key: str) -> int | None:
    """Return the serial of the model that a key pins; None for any other key."""
    match = _PINNED_KEY.fullmatch(key)
    return int(match[1]) if match else None


def replay(token: str) -> str:
    """Return the prefix of the store of a replay."""
    return f"{REPLAYS}{token}"


def _run_of(match: re.Match[str] | None) -> Run | None:
    return Run(datetime.date.fromisoformat(match[1]), match[2]) if match else None
