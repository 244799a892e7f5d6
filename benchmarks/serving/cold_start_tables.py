"""The table of the benchmark of cold starts."""

from benchmarks.harness import markdown
from benchmarks.harness.results import Spread
from benchmarks.serving.cold_start_records import ColdStart, ColdStartResult

_MILLISECONDS = 1e3
_KB = 1000


def cold_start_tables(result: ColdStartResult) -> str:
    """Return a row for each function, and the sentence of the ratio."""
    packaged, bare, sklearn = result.functions
    added = packaged.init_seconds.median - bare.init_seconds.median
    times = sklearn.first_seconds.median / packaged.first_seconds.median
    header = ("function", "init, ms", "first response, ms", "warm, ms", "peak, MiB")
    return markdown.parts(
        markdown.paragraph(
            f"A model of {result.terms:,} terms; its package has "
            f"{result.package_bytes / _KB:,.0f} KB. AWS' own program `awslambdaric` "
            "runs each function on this machine, in a new process. *init* ends when "
            "the function asks for its first event, which has one message. Rounds, in "
            f"turns: {result.rounds}. Messages: {markdown.sources(result.sources)}."
        ),
        markdown.table(header, map(_row, result.functions)),
        markdown.paragraph(
            f"The packaged model adds {added * _MILLISECONDS:,.0f} ms to the start of "
            f"a function that does nothing. The function with scikit-learn's pipeline "
            f"takes {times:.1f} times as long until its first response."
        ),
    )


def _row(function: ColdStart) -> list[str]:
    return [
        function.name,
        _milliseconds(function.init_seconds),
        _milliseconds(function.first_seconds),
        markdown.spread(function.warm_seconds.scaled(_MILLISECONDS), digits=1),
        markdown.spread_or_dash(function.memory_mib),
    ]


def _milliseconds(measured: Spread) -> str:
    return markdown.spread(measured.scaled(_MILLISECONDS))
