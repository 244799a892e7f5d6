"""The tables of the fault matrix and of the flips."""

from collections import Counter

from benchmarks.faults.records import Cell, FlipsResult, MatrixResult
from benchmarks.harness import markdown


def matrix_tables(result: MatrixResult) -> str:
    """Return a table with a line for each fault."""
    problems = [cell for cell in result.cells if cell.problem]
    summary = markdown.paragraph(
        f"{len(result.cells)} nights of {result.messages:,} messages, each with one "
        f"fault at one stage, in {result.seconds / 60:.0f} minutes. Not as promised: "
        f"{len(problems)}."
    )
    header = [
        "fault",
        "stages",
        "same bytes at once",
        "error, then same bytes",
        "not so",
    ]
    names = dict.fromkeys(cell.fault for cell in result.cells)
    body = [_fault_row(name, result.cells) for name in names]
    return markdown.parts(
        summary, markdown.table(header, body), *_problem_lines(problems)
    )


def flips_tables(result: FlipsResult) -> str:
    """Return a table with a line for each kind of object, and one for whole nights."""
    header = [
        "object",
        "bytes",
        "flips",
        "refused",
        "no effect",
        "used",
        "hung",
        "traceback",
    ]
    body = []
    totals: Counter[str] = Counter()
    for kind in result.kinds:
        counts = {
            "bytes": kind.bytes,
            "flips": kind.flips,
            "refused": kind.refused,
            "unchanged": kind.unchanged,
            "used": kind.used,
            "hung": kind.hung,
            "tracebacks": kind.tracebacks,
        }
        totals.update(counts)
        body.append([kind.kind, *[f"{count:,}" for count in counts.values()]])
    body.append(["all", *[f"{count:,}" for count in totals.values()]])
    problems = [night for night in result.nights if night.problem]
    warned = sum(night.warned for night in result.nights)
    nights = markdown.paragraph(
        f"{len(result.nights)} whole nights of {result.messages:,} messages over one "
        f"flipped bit: {warned} named the object, {len(problems)} did not finish with "
        "the same bytes."
    )
    lines = [f"- {night.key}: {night.problem}" for night in problems]
    return markdown.parts(markdown.table(header, body), nights, *lines)


def _fault_row(name: str, cells: tuple[Cell, ...]) -> list[str]:
    of_fault = [cell for cell in cells if cell.fault == name]
    bad = [cell for cell in of_fault if cell.problem]
    again = [cell for cell in of_fault if cell.again and not cell.problem]
    at_once = len(of_fault) - len(bad) - len(again)
    counts = [len(of_fault), at_once, len(again), len(bad)]
    return [name, *map(str, counts)]


def _problem_lines(problems: list[Cell]) -> list[str]:
    return [f"- {cell.fault}, {cell.stage}: {cell.problem}" for cell in problems]
