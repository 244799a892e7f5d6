"""What was measured, as results/NAME.json for programs and results/NAME.md for people."""

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def write(name: str, result: dict[str, Any], tables: str) -> None:
    """Writes both files of a benchmark, and prints its tables."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8"
    )
    (RESULTS / f"{name}.md").write_text(
        f"{tables}\n\n{_where(result['machine'])}\n", encoding="utf-8"
    )
    print((RESULTS / f"{name}.md").read_text(encoding="utf-8"))


def table(header: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A Markdown table; the first columns, as many as ``words``, are text, all others are numbers."""
    lines = [header, ["---"] * words + ["---:"] * (len(header) - words), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and range of several measurements."""
    return {
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
    }


def spread(measured: dict[str, float], digits: int = 0) -> str:
    """A `summary` in words: the median, the range in brackets."""
    median, lowest, highest = (
        f"{measured[key]:,.{digits}f}" for key in ("median", "lowest", "highest")
    )
    return f"{median} [{lowest}, {highest}]"


def rounded(value: float) -> str:
    """One significant digit, and all before the point."""
    return f"{value:,.0f}" if value >= 1 else f"{value:.1g}"


def sources(found: dict[str, int]) -> str:
    """Where messages came from, in words."""
    return ", ".join(f"{count:,} {name}" for name, count in found.items())


def _where(machine: dict[str, Any]) -> str:
    versions = ", ".join(
        f"{name} {version}" for name, version in machine["versions"].items()
    )
    return (
        f"Measured on {machine['date']} at commit {machine['commit']}: {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['system']}; {versions}."
    )
