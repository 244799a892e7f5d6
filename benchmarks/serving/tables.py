"""Tables of the benchmarks of serving."""

from benchmarks.harness import markdown
from benchmarks.harness.results import Spread
from benchmarks.serving.records import (
    Latencies,
    LoadResult,
    MixedResult,
    OutagesResult,
    ParityResult,
    ServerLoad,
    SwapResult,
)

P99_BAR = 20.0  # milliseconds
RATE_BAR = 3.0  # times the baseline's requests a second
BATCH_BAR = 0.6  # of the Python scorer's own messages a second
_MEDIAN = 50
_P99 = 99


def load_tables(result: LoadResult) -> str:
    """Return the table of the servers, and the sentence of the ratios."""
    columns = [_column(server) for server in result.servers]
    header = ("", *(server.name for server in result.servers))
    service, baseline = result.servers
    times = service.highest_rate.median / baseline.highest_rate.median
    share = service.batches.median / result.scorer.median
    return markdown.parts(
        markdown.paragraph(
            f"A model of {result.terms:,} terms. Scheduled: {result.rate:g} requests a "
            f"second of one message each, for {result.seconds:g} s. Batches have "
            f"{result.batch_size:,} messages. Rounds, in turns: {result.rounds}. "
            f"Messages: {markdown.sources(result.sources)}."
        ),
        markdown.table(header, markdown.rows(columns)),
        markdown.paragraph(
            f"The service answers {times:.1f} times the requests of the baseline (bar: "
            f"{RATE_BAR:g}). In batches it labels {share:.2f} times the messages that "
            f"the Python scorer alone labels on the same core, "
            f"{markdown.spread(result.scorer)} a second (bar: {BATCH_BAR:g})."
        ),
    )


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
    sent, errors, median, p99, p999 = _latency_cells(result.answers)
    rows = [
        ["models published", f"{result.published:,}"],
        ["of these damaged", f"{result.damaged:,}"],
        ["models that gave answers", f"{result.served:,}"],
        ["requests", sent],
        ["failed, or not the scores of their model (bar: 0)", errors],
        ["p50, ms", median],
        ["p99, ms", p99],
        ["p99.9, ms", p999],
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


def _failures(by_kind: dict[str, int]) -> str:
    kinds = ", ".join(f"{kind}: {count:,}" for kind, count in by_kind.items())
    total = f"{sum(by_kind.values()):,}"
    return f"{total} ({kinds})" if kinds else total


def _column(server: ServerLoad) -> dict[str, str]:
    sent, errors, median, p99, p999 = _latency_cells(server.scheduled)
    return {
        "scheduled: sent": sent,
        "scheduled: errors": errors,
        "scheduled: p50, ms": median,
        f"scheduled: p99, ms (bar: {P99_BAR:g})": p99,
        "scheduled: p99.9, ms": p999,
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
        f"{latencies.percentiles[_P99]:,.1f}",
        f"{latencies.p999:,.1f}",
    ]
