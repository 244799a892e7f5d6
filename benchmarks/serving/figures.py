"""The figure of docs/serving-latency.svg."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from benchmarks.harness.figures import (
    COLOURS,
    DASHED,
    FAINT,
    INK,
    STYLE,
    hide_spines,
    save,
)
from benchmarks.serving.records import LoadResult
from benchmarks.serving.tables import P99_BAR

_P99 = 99


def draw_latencies(result: LoadResult, path: Path) -> None:
    """Draw the latency of each percentile of the requests, for each server."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 4.8), facecolor="white", layout="constrained")
        axes = figure.subplots()
        for server, colour in zip(result.servers, COLOURS, strict=True):
            latencies = server.scheduled.percentiles[: _P99 + 1]
            axes.plot(range(_P99 + 1), latencies, color=colour, label=server.name)
        axes.axhline(P99_BAR, color=INK, linewidth=1, linestyle=DASHED)
        axes.annotate(
            f"bar: {P99_BAR:g} ms at 99 %",
            (0, P99_BAR),
            xytext=(4, 4),
            textcoords="offset points",
        )
        axes.set_yscale("log")
        axes.set_xlim(0, _P99)
        axes.set_xlabel("percent of the requests that took at most")
        axes.set_ylabel("ms, from when a request was due")
        axes.set_title(f"{result.rate:g} requests a second, one message each")
        axes.grid(axis="y", color=FAINT)
        axes.legend(frameon=False)
        hide_spines(axes, "top", "right")
        save(figure, path)
