"""What a night cost, by family of tasks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.records.receipt import Receipt


@dataclass(frozen=True)
class Cost:
    """What all tasks of a family took together.

    Attributes
    ----------
    rows_in, rows_out
        None where a task has no rows.
    seconds
        Summed over the tasks.
    peak_memory_mib
        The maximum over the tasks.
    """

    family: str
    tasks: int
    rows_in: int | None
    rows_out: int | None
    seconds: float
    peak_memory_mib: int


def costs(receipts: Sequence[Receipt]) -> list[Cost]:
    """Return the cost of each family of tasks, in the order of the stages."""
    by_stage: dict[str, dict[str, list[Receipt]]] = {}
    for receipt in receipts:
        families = by_stage.setdefault(receipt.stage, {})
        families.setdefault(receipt.task, []).append(receipt)
    ordered = []
    for families in by_stage.values():
        for family, members in families.items():
            ordered.append(_cost(family, members))
    return ordered


def _cost(family: str, receipts: Sequence[Receipt]) -> Cost:
    return Cost(
        family=family,
        tasks=len(receipts),
        rows_in=_sum(receipt.rows_in for receipt in receipts),
        rows_out=_sum(receipt.rows_out for receipt in receipts),
        seconds=sum(receipt.seconds for receipt in receipts),
        peak_memory_mib=max(receipt.peak_memory_mib for receipt in receipts),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    if not known:
        return None
    return sum(known)
