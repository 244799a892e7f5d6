"""What every task hands over: where, as what, and what the task does."""

from collections.abc import Iterator

from pipeline.data.codecs import FittedNpz, Npz, RecordJson, Table
from pipeline.records.export import DEFAULT_FORMAT, EXPORT_FORMATS
from tasks import Retrain
from tasks.base import NightTask

_STAGES = (
    "ingest",
    "labelling",
    "preprocessing",
    "reviews",
    "training",
    "export",
    "release",
    "runs",
    "report",
    "reports",
)

_CONTENTS = {
    "CompileRules": "how each pattern is matched, and a compiled pattern database",
    "ExportCoefficients": "the exported model",
    "ExportPipeline": "a scikit-learn `Pipeline`, pickled",
    "ExportVectors": "conformance vectors",
    "WriteManifest": "the run manifest",
    "WriteReport": "pages, and `report.json`",
}
# Keys that hold no fingerprint, or more than one object.
_KEYS = {
    "IngestMessages": "`ingest/messages-*.json`, parts in a folder",
    "WriteManifest": "`runs/<date>/<digest>.json`",
    "WriteReport": "`reports/<date>/<digest>/`",
}


def tasks_table() -> str:
    """Return a row for every task of a night, in the order of its stages."""
    rows = ["| task | key | content | what it does |", "| --- | --- | --- | --- |"]
    rows += [_row(task) for task in sorted(_subclasses(NightTask), key=_stage_index)]
    return "\n".join(rows) + "\n"


def _subclasses(task: type[NightTask]) -> Iterator[type[NightTask]]:
    """Yield the tasks of a night below a class that have an output of their own."""
    for subclass in task.__subclasses__():
        # Benchmarks define tasks, too.
        is_shipped = subclass.__module__.startswith("tasks.")
        if is_shipped and hasattr(subclass, "name") and subclass is not Retrain:
            yield subclass
        yield from _subclasses(subclass)


def _stage_index(task: type[NightTask]) -> int:
    return _STAGES.index(task.stage)


def _row(task: type[NightTask]) -> str:
    name = task.__name__
    key = _KEYS.get(name, f"`{task.stage}/{task.name}-*.{_suffix(task)}`")
    content = _CONTENTS.get(name) or _content(task)
    summary = (task.__doc__ or "").partition("\n")[0]
    return f"| `{name}` | {key} | {content} | {summary} |"


def _suffix(task: type[NightTask]) -> str:
    if isinstance(task.codec, property):  # the format of the model decides
        return EXPORT_FORMATS[DEFAULT_FORMAT].rpartition(".")[2]
    return task.codec.suffix


def _content(task: type[NightTask]) -> str:
    match task.codec:
        case Table(schema=schema):
            return f"table [`{schema}`](#{schema})"
        case RecordJson(record=record):
            return f"record `{record.__name__}`"
        case Npz():
            return "arrays of a `TrainingSet`"
        case FittedNpz():
            return "arrays of a `FittedModel`"
    raise NotImplementedError(f"say what {task.__name__} hands over")
