"""The table of the benchmark of memory."""

from benchmarks.harness import markdown
from benchmarks.serving.memory_records import MemoryResult, MemorySample

#: Rows of the table after the first.
ROWS = 10
#: After the first tenth of the requests, the process may grow by this share.
GROWTH_BAR = 0.02


def memory_table(result: MemoryResult) -> str:
    """Return a row for each tenth of the requests, and how much the process grew."""
    first, *later = result.samples
    step = max(1, len(later) // ROWS)
    shown = [first, *later[step - 1 :: step]]
    growth = growth_after_first_tenth(result)
    return markdown.parts(
        markdown.paragraph(
            f"One process with a model of {result.terms:,} terms; 8 connections, as "
            f"fast as it answers. Messages: {markdown.sources(result.sources)}."
        ),
        markdown.table(
            ("requests", "resident memory, MiB", "time series of /metrics"),
            [_row(sample) for sample in shown],
            text_columns=0,
        ),
        markdown.paragraph(
            f"After the first tenth of the requests the process grew by {growth:.1%} "
            f"(bar: {GROWTH_BAR:.0%})."
        ),
    )


def growth_after_first_tenth(result: MemoryResult) -> float:
    """Return the growth of memory from the first tenth of the requests to the end."""
    last = result.samples[-1]
    warm = next(
        sample for sample in result.samples if sample.requests >= last.requests / 10
    )
    return last.resident_mib / warm.resident_mib - 1


def _row(sample: MemorySample) -> list[str]:
    return [
        f"{sample.requests:,}",
        f"{sample.resident_mib:.1f}",
        f"{sample.time_series:,}",
    ]
