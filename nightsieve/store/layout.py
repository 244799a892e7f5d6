"""Every key of a store, and what it holds.

=============================================  =========================================
``layout.json``                                which layout the store has
``configs/<digest>.json``                      a frozen configuration
``<stage>/<name>-<fingerprint>.<suffix>``      what a task hands over
``<stage>/<name>-<fingerprint>/part-...``      one part of it, if it is stored in parts
``runs/<date>/<digest>.json``                  the manifest of a night
``reports/<date>/<digest>/...``                the report of a night, `report.json` last
``reports/index.html``                         the page of all nights
``models/<serial>/...``                        a published model, `entry.json` last
``models/<serial>/claim-<publication>-...``    which publication took the serial
``models/current.json``                        which model is current
``models/pinned/<serial>``                     a model that no retention removes
``replays/<token>/...``                        a store of its own for a replay
``<key>.receipt.json``                         how the object of that key was made
=============================================  =========================================

Keys are relative to the prefix of the store. No other module spells them.
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
# The prefixes of what tasks hand over and holds messages, their keys or their words.
MESSAGES = "ingest/messages-"
REVIEWS = "ingest/reviews-"
VOTES = "labelling/votes-"
HUMAN_LABELS = "reviews/human-labels-"
REVIEWED_MESSAGES = "reviews/reviewed-messages-"
CLEANED = "preprocessing/cleaned-"
TRAINING_SETS = "preprocessing/training-set-"
EVALUATION_SETS = "preprocessing/evaluation-set-"
#: The prefix of all comparisons of a night's model with the published one.
COMPARISONS = "report/comparison-"
REPLAYS = "replays/"

CURRENT_MODEL = "models/current.json"
#: Written last: a serial without an entry is not a model.
MODEL_ENTRY = "entry.json"
#: Written last: a folder without an index is not a report.
REPORT_INDEX = "report.json"
#: The page that a reader of a report, or of all nights, opens first.
PAGE = "index.html"

_RECEIPT = ".receipt.json"
_CLAIM = "claim-"
_JSON = ".json"
_RUN_KEY = re.compile(r"runs/(\d{4}-\d{2}-\d{2})/([0-9a-f]+)\.json")
_MODEL_KEY = re.compile(r"models/(\d+)/(.+)")
_REPORT_KEY = re.compile(r"reports/(\d{4}-\d{2}-\d{2})/([0-9a-f]+)/report\.json")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_PINNED_KEY = re.compile(r"models/pinned/(\d+)")
_PART_KEY = re.compile(r"(.+)/part-(\d+)-of-\d+-[0-9a-f]+\.\w+")
_REPLAY_KEY = re.compile(r"replays/([^/]+)/.+")


class Run(NamedTuple):
    """A night with one configuration; a later run of the same replaces it.

    Attributes
    ----------
    config
        The digest of the configuration.

    Examples
    --------
    >>> Run(datetime.date(2026, 11, 20), "0123456789abcdef").date.isoformat()
    '2026-11-20'
    """

    date: datetime.date
    config: str


class PartKey(NamedTuple):
    """Where a part belongs: the key of its manifest, and its shard from 0.

    Examples
    --------
    >>> PartKey("ingest/messages-9f3a.json", 0).manifest
    'ingest/messages-9f3a.json'
    """

    manifest: str
    shard: int


class ModelFile(NamedTuple):
    """An object under the serial of a model.

    Examples
    --------
    >>> ModelFile(12, "model.json").is_claim
    False
    >>> ModelFile(12, "claim-9f3a-01ab").claims_for("9f3a")
    True
    """

    serial: int
    name: str

    @property
    def is_claim(self) -> bool:
        """Whether the object claims the serial; any other is a file of the model."""
        return self.name.startswith(_CLAIM)

    def claims_for(self, publication: str) -> bool:
        """Return whether the object claims the serial for this publication."""
        return self.name.startswith(f"{_CLAIM}{publication}-")


def receipt(key: str) -> str:
    """Return the key of the receipt of an object.

    Examples
    --------
    >>> receipt("text/cleaned-9f3a.parquet")
    'text/cleaned-9f3a.parquet.receipt.json'
    """
    return f"{key}{_RECEIPT}"


def is_receipt(key: str) -> bool:
    """Return whether this is the key of a receipt.

    Examples
    --------
    >>> is_receipt("text/cleaned-9f3a.parquet.receipt.json")
    True
    """
    return key.endswith(_RECEIPT)


def described(key: str) -> str:
    """Return the key of the object that a receipt describes; other keys unchanged.

    Examples
    --------
    >>> described("text/cleaned-9f3a.parquet.receipt.json")
    'text/cleaned-9f3a.parquet'
    """
    return key.removesuffix(_RECEIPT)


def configuration(digest: str) -> str:
    """Return the key of a frozen configuration.

    Examples
    --------
    >>> configuration("0123456789abcdef")
    'configs/0123456789abcdef.json'
    """
    return f"{CONFIGS}{digest}{_JSON}"


def artefact(stage: str, name: str, fingerprint: str, suffix: str) -> str:
    """Return the key of what a task hands over.

    Examples
    --------
    >>> artefact("training", "search", "9f3a", "json")
    'training/search-9f3a.json'
    """
    return f"{stage}/{name}-{fingerprint}.{suffix}"


def part(manifest: str, index: int, parts: int, sha256: str, suffix: str) -> str:
    """Return the key of one part of what a task hands over.

    The key has a digest of the content too: a worker that was given up but still
    writes cannot replace the part of another worker.

    Parameters
    ----------
    manifest
        The key of the manifest that names the parts.

    Examples
    --------
    >>> part("ingest/messages-9f3a.json", 0, 2, "ab" * 32, "parquet")
    'ingest/messages-9f3a/part-00000-of-00002-abababababababab.parquet'
    """
    name = f"{index:05d}-of-{parts:05d}-{sha256[:16]}.{suffix}"
    return f"{parts_of(manifest)}{name}"


def parts_of(manifest: str) -> str:
    """Return the prefix of the parts of what a task hands over.

    Parameters
    ----------
    manifest
        The key of the manifest that names the parts.

    Examples
    --------
    >>> parts_of("ingest/messages-9f3a.json")
    'ingest/messages-9f3a/part-'
    """
    return f"{manifest.removesuffix(_JSON)}/part-"


def parse_part(key: str) -> PartKey | None:
    """Return where a part belongs; None for any other key.

    Examples
    --------
    >>> parse_part("ingest/messages-9f3a/part-00000-of-00002-abababababababab.parquet")
    PartKey(manifest='ingest/messages-9f3a.json', shard=0)
    """
    match = _PART_KEY.fullmatch(key)
    if match is None:
        return None
    return PartKey(manifest=f"{match[1]}{_JSON}", shard=int(match[2]))


def run(date: datetime.date, config: str) -> str:
    """Return the key of the manifest of a run.

    Examples
    --------
    >>> run(datetime.date(2026, 11, 20), "0123456789abcdef")
    'runs/2026-11-20/0123456789abcdef.json'
    """
    return f"{RUNS}{date}/{config}{_JSON}"


def runs_of(date: datetime.date) -> str:
    """Return the prefix of the manifests of all runs of a date.

    Examples
    --------
    >>> runs_of(datetime.date(2026, 11, 20))
    'runs/2026-11-20/'
    """
    return f"{RUNS}{date}/"


def parse_run(key: str) -> Run | None:
    """Return the run whose manifest has this key; None for any other key.

    Examples
    --------
    >>> parse_run("runs/2026-11-20/0123456789abcdef.json")
    Run(date=datetime.date(2026, 11, 20), config='0123456789abcdef')
    """
    return _run_of(_RUN_KEY.fullmatch(key))


def report_file(date: datetime.date, config: str, name: str) -> str:
    """Return the key of one file of the report of a run.

    Examples
    --------
    >>> report_file(datetime.date(2026, 11, 20), "0123456789abcdef", "index.html")
    'reports/2026-11-20/0123456789abcdef/index.html'
    """
    return f"{REPORTS}{date}/{config}/{name}"


def report_index(date: datetime.date, config: str) -> str:
    """Return the key of the list of files of the report of a run.

    Examples
    --------
    >>> report_index(datetime.date(2026, 11, 20), "0123456789abcdef")
    'reports/2026-11-20/0123456789abcdef/report.json'
    """
    return report_file(date, config, REPORT_INDEX)


def reports_of(date: datetime.date) -> str:
    """Return the prefix of all reports of a date.

    Examples
    --------
    >>> reports_of(datetime.date(2026, 11, 20))
    'reports/2026-11-20/'
    """
    return f"{REPORTS}{date}/"


def parse_report_index(key: str) -> Run | None:
    """Return the run whose report has this index; None for any other key.

    Examples
    --------
    >>> parse_report_index("reports/2026-11-20/0123456789abcdef/report.json")
    Run(date=datetime.date(2026, 11, 20), config='0123456789abcdef')
    """
    return _run_of(_REPORT_KEY.fullmatch(key))


def nights_file(name: str) -> str:
    """Return the key of one file of the page of all nights.

    Examples
    --------
    >>> nights_file("index.html")
    'reports/index.html'
    """
    return f"{REPORTS}{name}"


def report_link(date: datetime.date, config: str) -> str:
    """Return the link from the page of all nights to the report of a run.

    Examples
    --------
    >>> report_link(datetime.date(2026, 11, 20), "0123456789abcdef")
    '2026-11-20/0123456789abcdef/index.html'
    """
    return report_file(date, config, PAGE).removeprefix(REPORTS)


def model_file(serial: int, name: str) -> str:
    """Return the key of one file of a published model.

    Examples
    --------
    >>> model_file(12, "model.json")
    'models/12/model.json'
    """
    return f"{MODELS}{serial}/{name}"


def is_file_name(name: str) -> bool:
    """Return whether this can be the name of a file of a model: one part of a key.

    Examples
    --------
    >>> is_file_name("model.json"), is_file_name("../model.json")
    (True, False)
    """
    return _FILE_NAME.fullmatch(name) is not None


def model_entry(serial: int) -> str:
    """Return the key of the entry of a published model.

    Examples
    --------
    >>> model_entry(12)
    'models/12/entry.json'
    """
    return model_file(serial, MODEL_ENTRY)


def model_claim(serial: int, publication: str, token: str) -> str:
    """Return the key of a claim to a serial.

    Parameters
    ----------
    publication
        The name of the publication that claims it.
    token
        A random text that tells this claim from another one of the same publication.

    Examples
    --------
    >>> model_claim(12, "9f3a", "01ab")
    'models/12/claim-9f3a-01ab'
    """
    return model_file(serial, f"{_CLAIM}{publication}-{token}")


def parse_model_file(key: str) -> ModelFile | None:
    """Return the serial and the name of an object of a model; None for any other key.

    Examples
    --------
    >>> parse_model_file("models/12/model.json")
    ModelFile(serial=12, name='model.json')
    """
    match = _MODEL_KEY.fullmatch(key)
    if match is None:
        return None
    return ModelFile(serial=int(match[1]), name=match[2])


def pinned_model(serial: int) -> str:
    """Return the key that pins a model.

    Examples
    --------
    >>> pinned_model(12)
    'models/pinned/12'
    """
    return f"{PINNED_MODELS}{serial}"


def parse_pinned_model(key: str) -> int | None:
    """Return the serial of the model that a key pins; None for any other key.

    Examples
    --------
    >>> parse_pinned_model("models/pinned/12")
    12
    """
    match = _PINNED_KEY.fullmatch(key)
    return int(match[1]) if match else None


def replay(token: str) -> str:
    """Return the prefix of the store of a replay.

    Examples
    --------
    >>> replay("01ab")
    'replays/01ab'
    """
    return f"{REPLAYS}{token}"


def parse_replay(key: str) -> str | None:
    """Return the token of the replay that an object belongs to; None for another key.

    Examples
    --------
    >>> parse_replay("replays/01ab/layout.json")
    '01ab'
    """
    match = _REPLAY_KEY.fullmatch(key)
    return match[1] if match else None


def _run_of(match: re.Match[str] | None) -> Run | None:
    if match is None:
        return None
    return Run(date=datetime.date.fromisoformat(match[1]), config=match[2])
