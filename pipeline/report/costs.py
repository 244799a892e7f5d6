"""What a night cost, family of tasks by family."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """All tasks of a family together: how many, rows (None where the word means nothing), seconds, peak memory."""

    family: str
    tasks: int
    rows_in: int | None
    rows_out: int | None
    seconds: float
    peak_memory_mib: int


def costs(receipts: list[dict[str, Any]]) -> list[Cost]:
    """The cost of each family, in the order of the stages."""
    stages = list(dict.fromkeys(_stage(receipt) for receipt in receipts))
    ordered = sorted(receipts, key=lambda receipt: stages.index(_stage(receipt)))
    return [
        _cost(family, [receipt for receipt in receipts if receipt["task"] == family])
        for family in dict.fromkeys(receipt["task"] for receipt in ordered)
    ]


def _cost(family: str, receipts: list[dict[str, Any]]) -> Cost:
    return Cost(
        family=family,
        tasks=len(receipts),
        rows_in=_sum(receipts, "rows_in"),
        rows_out=_sum(receipts, "rows_out"),
        seconds=sum(receipt["seconds"] for receipt in receipts),
        peak_memory_mib=max(receipt["peak_memory_mib"] for receipt in receipts),
    )


def _sum(receipts: list[dict[str, Any]], way: str) -> int | None:
    counts = [receipt[way] for receipt in receipts if receipt[way] is not None]
    return sum(counts) if counts else None


def _stage(receipt: dict[str, Any]) -> str:
    return receipt["key"].partition("/")[0]
