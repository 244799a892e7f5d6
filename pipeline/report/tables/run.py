"""Tables of how a night was made: tasks, objects, files, versions."""

from collections.abc import Mapping, Sequence

from pipeline.records.export import FileDescription
from pipeline.records.receipt import Receipt
from pipeline.report.content import COUNT, SECONDS, Column, Row, Table
from pipeline.report.costs import Cost


def stages(costs: Sequence[Cost]) -> Table:
    """Return rows, seconds and memory of each family of tasks."""
    columns = (
        Column("stage"),
        Column("tasks", COUNT),
        Column("rows in", COUNT),
        Column("rows out", COUNT),
        Column("seconds", SECONDS),
        Column("peak MiB", COUNT),
    )
    rows = list(map(_cost_cells, costs))
    return Table("stages", "What each stage cost", columns, rows)


def lineage(receipts: Sequence[Receipt]) -> Table:
    """Return each task's object and its hash, in the order of the run."""
    columns = (
        Column("task"),
        Column("sha256"),
        Column("object"),
        Column("version", COUNT),
        Column("bytes", COUNT),
    )
    rows = list(map(_receipt_cells, receipts))
    return Table("lineage", "Every object that the model was made from", columns, rows)


def files(described: Mapping[str, FileDescription]) -> Table:
    """Return the exported files and their hashes."""
    columns = (Column("file"), Column("sha256"), Column("bytes", COUNT))
    rows = [(name, file.sha256, file.bytes) for name, file in described.items()]
    return Table("files", "Exported files", columns, rows)


def environment(versions: Mapping[str, str]) -> Table:
    """Return the versions of the software that the results depend on."""
    columns = (Column("software"), Column("version"))
    rows = list(versions.items())
    return Table("environment", "Software", columns, rows)


def _cost_cells(cost: Cost) -> Row:
    return (
        cost.family,
        cost.tasks,
        cost.rows_in,
        cost.rows_out,
        cost.seconds,
        cost.peak_memory_mib,
    )


def _receipt_cells(receipt: Receipt) -> Row:
    return (
        receipt.task_name,
        receipt.sha256,
        receipt.key,
        receipt.version,
        receipt.bytes,
    )
