"""Tables of the benchmarks of serving."""

from benchmarks.harness import markdown
from benchmarks.harness.results import Spread
from benchmarks.serving.records import (
    ColdStart,
    ColdStartResult,
    Latencies,
    LoadResult,
    MemoryResult,
    MemorySample,
    MixedResult,
    OutagesResult,
    ParityResult,
    ServerLoad,
    StartResult,
    SwapResult,
)

P99_BAR = 20.0  # milliseconds
RATE_BAR = 3.0  # times the baseline's requests a second
BATCH_BAR = 0.6  # of the Python scorer's own messages a second
START_BAR = 1.0  # seconds beyond the bare imports
#: After the first tenth of the requests, the process may grow by this share.
GROWTH_BAR = 0.02
_MEMORY_ROWS = 10  # after the first
_MILLISECONDS = 1e3
_KB = 1000
_MEDIAN = 50
_P99 = 99


def load_tables(result: LoadResult) -> str:
    """Return the table of the servers, and the sentence of the ratios."""
    columns = [_column(server) for server in result.servers]
    header = ("", *(server.name for server in result.servers))
    times = f"{times_the_baseline(result):.1f}"
    share = f"{batch_share(result):.2f}"
    return markdown.parts(
        markdown.paragraph(
            f"A model of {result.terms:,} terms. Scheduled: {result.rate:g} requests a "
            f"second of one message each, for {result.seconds:g} s. Batches have "
            f"{result.batch_size:,} messages. Rounds, in turns: {result.rounds}. "
            f"Messages: {markdown.sources(result.sources)}."
        ),
        markdown.table(header, markdown.rows(columns)),
        markdown.paragraph(
            f"The service answers {times} times the requests of the baseline (bar: "
            f"{RATE_BAR:g}). In batches it labels {share} times the messages that "
            f"the Python scorer alone labels on the same core, "
            f"{markdown.spread(result.scorer)} a second (bar: {BATCH_BAR:g})."
        ),
    )


def times_the_baseline(result: LoadResult) -> float:
    """Return the service's highest rate of requests by that of the baseline."""
    service, baseline = result.servers
    return service.highest_rate.median / baseline.highest_rate.median


def batch_share(result: LoadResult) -> float:
    """Return the service's rate in batches by that of the scorer alone."""
    return result.servers[0].batches.median / result.scorer.median


def p99(latencies: Latencies) -> float:
    """Return the 99th percentile, milliseconds."""
    return latencies.percentiles[_P99]


def mixed_table(result: MixedResult) -> str:
    """Return a row for each kind of request."""
    header = ("request", "sent", "wrong answers", "p50, ms", "p99, ms", "p99.9, ms")
    rows = []
    for kind, latencies in result.kinds.items():
        rows.append([kind, *_latency_cells(latencies)])
    return markdown.parts(
        markdown.paragraph(
            f"{result.rate:g} requests a second of all kinds together, for "
            f"{result.seconds:g} s, with a store and a database on the same two cores."
        ),
        markdown.table(header, rows),
    )


def outages_table(result: OutagesResult) -> str:
    """Return a row for each part that was killed."""
    header = (
        "killed",
        "predictions: failed of",
        "corrections: refused of",
        "lost",
        "stored, but not said",
    )
    rows = []
    for outage in result.outages:
        failed = _failures(outage.failed_predictions)
        refused = _failures(outage.failed_corrections)
        rows.append(
            [
                outage.name,
                f"{failed} of {outage.predictions:,}",
                f"{refused} of {outage.corrections:,}",
                f"{outage.lost:,}",
                f"{outage.stored_unsaid:,}",
            ]
        )
    return markdown.table(header, rows)


def parity_table(result: ParityResult) -> str:
    """Return a row for each way to a prediction."""
    rows = [[name, f"{count:,}"] for name, count in result.differences.items()]
    header = ("way", "unlike `nightsieve score`")
    return markdown.parts(
        markdown.paragraph(
            f"{result.messages:,} messages: {markdown.sources(result.sources)}."
        ),
        markdown.table(header, rows),
    )


def swap_table(result: SwapResult) -> str:
    """Return what clients saw while models changed."""
    sent, errors, median, late, latest = _latency_cells(result.answers)
    rows = [
        ["models published", f"{result.published:,}"],
        ["of these damaged", f"{result.damaged:,}"],
        ["models that gave answers", f"{result.served:,}"],
        ["requests", sent],
        ["failed, or not the scores of their model (bar: 0)", errors],
        ["p50, ms", median],
        ["p99, ms", late],
        ["p99.9, ms", latest],
        ["looks of a phone for another model", f"{result.phones:,}"],
        ["failed, or not the file of the entry (bar: 0)", f"{result.failed_phones:,}"],
        ["memory, MiB", f"{result.memory_before_mib:,.1f}"],
        [
            f"the same after {result.swaps:,} more models",
            f"{result.memory_after_mib:,.1f}",
        ],
    ]
    return markdown.parts(
        markdown.paragraph(
            f"Models of {result.terms:,} terms, one every {result.every:g} s for "
            f"{result.seconds:g} s, then as fast as the service takes them; "
            f"{result.rate:g} requests a second of one message each."
        ),
        markdown.table(("", "measured"), rows),
    )


def start_tables(result: StartResult) -> str:
    """Return a row for the bare imports and for each service."""
    rows = [
        [
            "bare imports of Starlette, uvicorn and boto3",
            markdown.spread(result.imports, 2),
            markdown.DASH,
            markdown.DASH,
        ]
    ]
    for service in result.services:
        rows.append(
            [
                service.name,
                markdown.spread(service.seconds, 2),
                markdown.spread(service.beyond, 2),
                f"at most {START_BAR:.0f} s",
            ]
        )
    introduction = (
        f"A model of {result.terms:,} terms. The service is ready when `/health/ready` "
        f"answers with 200. Rounds, in turns: {result.rounds}. Messages: "
        f"{markdown.sources(result.sources)}."
    )
    header = ("", "seconds", "beyond the imports", "target")
    return markdown.parts(
        markdown.paragraph(introduction), markdown.table(header, rows)
    )


def memory_table(result: MemoryResult) -> str:
    """Return a row for each tenth of the requests, and how much the process grew."""
    first, *later = result.samples
    step = max(1, len(later) // _MEMORY_ROWS)
    shown = [first, *later[step - 1 :: step]]
    growth = growth_after_first_tenth(result)
    return markdown.parts(
        markdown.paragraph(
            f"One process with a model of {result.terms:,} terms; 8 connections, as "
            f"fast as it answers. Messages: {markdown.sources(result.sources)}."
        ),
        markdown.table(
            ("requests", "resident memory, MiB", "time series of /metrics"),
            [_memory_row(sample) for sample in shown],
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
        markdown.table(header, map(_function_row, result.functions)),
        markdown.paragraph(
            f"The packaged model adds {added * _MILLISECONDS:,.0f} ms to the start of "
            f"a function that does nothing. The function with scikit-learn's pipeline "
            f"takes {times:.1f} times as long until its first response."
        ),
    )


def _failures(by_kind: dict[str, int]) -> str:
    kinds = ", ".join(f"{kind}: {count:,}" for kind, count in by_kind.items())
    total = f"{sum(by_kind.values()):,}"
    return f"{total} ({kinds})" if kinds else total


def _column(server: ServerLoad) -> dict[str, str]:
    sent, errors, median, late, latest = _latency_cells(server.scheduled)
    return {
        "scheduled: sent": sent,
        "scheduled: errors": errors,
        "scheduled: p50, ms": median,
        f"scheduled: p99, ms (bar: {P99_BAR:g})": late,
        "scheduled: p99.9, ms": latest,
        "highest rate, requests/s": markdown.spread(server.highest_rate),
        "batches, messages/s": markdown.spread(server.batches),
        "start to first answer, s": _two_digits(server.start_seconds),
        "memory, MiB": markdown.spread(server.memory_mib),
    }


def _two_digits(measured: Spread) -> str:
    return markdown.spread(measured, digits=2)


def _latency_cells(latencies: Latencies) -> list[str]:
    return [
        f"{latencies.requests:,}",
        f"{latencies.errors:,}",
        f"{latencies.percentiles[_MEDIAN]:,.1f}",
        f"{p99(latencies):,.1f}",
        f"{latencies.p999:,.1f}",
    ]


def _memory_row(sample: MemorySample) -> list[str]:
    return [
        f"{sample.requests:,}",
        f"{sample.resident_mib:.1f}",
        f"{sample.time_series:,}",
    ]


def _function_row(function: ColdStart) -> list[str]:
    return [
        function.name,
        _milliseconds(function.init_seconds),
        _milliseconds(function.first_seconds),
        markdown.spread(function.warm_seconds.scaled(_MILLISECONDS), digits=1),
        markdown.spread_or_dash(function.memory_mib),
    ]


def _milliseconds(measured: Spread) -> str:
    return markdown.spread(measured.scaled(_MILLISECONDS))
