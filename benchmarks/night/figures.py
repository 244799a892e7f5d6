"""The tables of `benchmarks.night`'s results, and docs/night-*.svg; the same result gives the same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks import results
from benchmarks.night_stages import STAGES, UNLIKE
from benchmarks.size_plot import FAINT, INK, STYLE

# Told apart by everyone, on white; marks and the order say it too.
COLOURS = (
    "#0b5cad",
    "#7a7a7a",
    "#b3470b",
    "#e0a526",
    "#4f9d69",
    "#8c5aa8",
    "#222222",
    "#9cc3e6",
)
MARKS = ("o", "x", "s", "D", "^", "v", "P", "*")
BETWEEN = "#e9e9e9"


def night_tables(result: dict[str, Any]) -> str:
    """The result in Markdown."""
    plain, first, following, again = (
        result[name] for name in ("plain", "first", "next", "again")
    )
    base, equal = plain["seconds"]["median"], result["equal"]
    whole = [
        [
            name,
            results.spread(run["seconds"], 1),
            f"{base / run['seconds']['median']:,.1f}",
            f"{run['peak_mib']:,.0f}",
        ]
        for name, run in (
            ("plain script", plain),
            ("first night: rules compiled", first),
            ("next night: same rules, all else anew", following),
            ("second run of the same night: no task", again),
        )
    ]
    return "\n\n".join(
        [
            f"{result['rows']:,} rows, {result['sampled']:,} sampled, {result['rules']} rules, {result['candidates']} "
            f"candidates x {result['folds']} folds; {result['workers']} workers. Medians of {result['rounds']} rounds "
            f"in turns, the script in {result['scripts']} of them; lowest and highest in brackets.",
            results.table(
                ("", "seconds", "times faster", "largest process, MiB"), whole
            ),
            _same(equal),
            "By stage, from its first start to its last end. Stages of a night run side by side, so their times "
            "overlap; *work* adds up the seconds of a stage's tasks in the next night, which *times faster* compares "
            "with the script.",
            results.table(
                (
                    "stage",
                    "script, s",
                    "first night, s",
                    "next night, s",
                    "times faster",
                    "tasks",
                    "work, s",
                    "MiB",
                ),
                [
                    _stage(stage, plain, first, following)
                    for stage in STAGES
                    if stage in first["stages"]
                ],
            ),
            results.table(("", "measured", "bar"), _bars(result)),
        ]
    )


def _same(equal: Mapping[str, Any]) -> str:
    found = {
        name.removeprefix(UNLIKE): much
        for name, much in equal.items()
        if name.startswith(UNLIKE)
    }
    unlike = ", ".join(f"{much:.1g} {estimator}" for estimator, much in found.items())
    winner = "the same" if equal["same_winner"] else "ANOTHER"
    return (
        f"Results beside the script's, which is given the same sample: {equal['labels_unlike']:,} of "
        f"{equal['messages']:,} labels differ, {equal['scores_unlike']} of {equal['scores']} fold scores by more than "
        f"1e-9 (at most {unlike}); {winner} candidate wins, and its cross-validated macro F1 differs by "
        f"{equal['macro_f1_difference']:.1g}."
    )


def _stage(stage: str, plain: Mapping, first: Mapping, following: Mapping) -> list[str]:
    theirs, ours = plain["stages"].get(stage), following["stages"].get(stage)
    shown = ours or first["stages"][stage]
    return [
        stage,
        results.spread(theirs, 1) if theirs else "",
        results.spread(first["stages"][stage]["seconds"], 1),
        results.spread(ours["seconds"], 1) if ours else "",
        f"{theirs['median'] / ours['seconds']['median']:,.1f}"
        if theirs and ours
        else "",
        str(shown["tasks"]),
        f"{shown['work']['median']:,.1f}",
        f"{shown['peak_mib']:,.0f}",
    ]


def _bars(result: Mapping[str, Any]) -> list[list[str]]:
    following, again, requests = result["next"], result["again"], result["requests"]
    copied, ingested = result["copy"], following["stages"]["ingest"]["seconds"]
    first = result["first"]["stages"]["ingest"]["seconds"]
    methods = ", ".join(
        f"{count} {name}" for name, count in sorted(requests.items()) if name != "tasks"
    )
    asked = sum(count for name, count in requests.items() if name != "tasks")
    base, search = (
        result["plain"]["seconds"]["median"],
        result["plain"]["stages"]["search"]["median"],
    )
    whole, stages = following["seconds"]["median"], following["stages"]
    beyond, searched = (
        stages["beyond the script"]["share"]["median"],
        stages["search"]["seconds"]["median"],
    )
    two_jobs = result["plain"]["two_jobs"]["median"]
    return [
        [
            "next night, times faster than the script",
            f"{base / whole:,.1f}",
            "at least 10",
        ],
        [
            "the same without what the script does not do",
            f"{base / (whole - beyond):,.1f}",
            "",
        ],
        [
            "next night, had the script two jobs for its search",
            f"{(base - search + two_jobs) / whole:,.1f}",
            "",
        ],
        [
            "grid search, times faster than `GridSearchCV`",
            f"{search / searched:,.1f}",
            "at least 5",
        ],
        [
            "grid search, times faster than `GridSearchCV` with two jobs",
            f"{two_jobs / searched:,.1f}",
            "",
        ],
        ["bare COPY of the sample, s", results.spread(copied, 2), ""],
        [
            "ingest of the next night, times the bare COPY",
            f"{ingested['median'] / copied['median']:.2f}",
            "at most 2.5",
        ],
        [
            "ingest of the first night, times the bare COPY",
            f"{first['median'] / copied['median']:.2f}",
            "at most 2.5",
        ],
        ["second run, s", results.spread(again["seconds"], 1), "at most 3"],
        [
            "night without any task at work, s",
            results.spread(following["between"], 1),
            "",
        ],
        [
            "the same, a task",
            f"{following['between']['median'] / following['tasks']:.2f}",
            "at most 0.15",
        ],
        [
            "workers' time without a task, s a task",
            results.spread(following["unused_a_task"], 2),
            "",
        ],
        ["objects written, MB", f"{following['bytes'] / 1e6:,.1f}", ""],
        [
            f"requests to S3 a task ({methods}; {requests['tasks']} tasks)",
            f"{asked / requests['tasks']:.1f}",
            "",
        ],
    ]


def growth_tables(result: dict[str, Any]) -> str:
    """The result in Markdown."""
    sizes = result["sizes"]
    stages = [stage for stage in STAGES if stage in sizes[0]["stages"]]
    header = [f"{size['rows']:,} rows" for size in sizes]

    seconds = [
        ["whole night", *(results.spread(size["seconds"], 1) for size in sizes)],
        *(
            [
                stage,
                *(
                    results.spread(size["stages"][stage]["seconds"], 1)
                    for size in sizes
                ),
            ]
            for stage in stages
        ),
        [
            "bare COPY of the sample",
            *(results.spread(size["copy"], 2) for size in sizes),
        ],
    ]
    rest = [
        ["messages sampled", *(f"{size['sampled']:,}" for size in sizes)],
        [
            "best candidate, which is cross-validated and fitted",
            *(size["best"] for size in sizes),
        ],
        ["objects written, MB", *(f"{size['bytes'] / 1e6:,.1f}" for size in sizes)],
        ["largest process, MiB", *(f"{size['peak_mib']:,.0f}" for size in sizes)],
        *(
            [
                f"of {stage}, MiB",
                *(f"{size['stages'][stage]['peak_mib']:,.0f}" for size in sizes),
            ]
            for stage in stages
        ),
    ]
    return "\n\n".join(
        [
            f"First nights with {result['rules']} rules and {result['candidates']} candidates, one message in ten "
            f"sampled; rounds: {result['rounds']}, of which medians, lowest and highest in brackets.",
            results.table(["seconds", *header], seconds),
            results.table(["", *header], rest),
            "Each candidate's task in the search, and the iterations of its solver, of the folds the mean: steps of "
            "L-BFGS for logistic regression, conjugate gradients for the SVM, passes for SGD. The last "
            f"column is how many times as long the largest table takes as the one before, with "
            f"{sizes[-1]['sampled'] / sizes[-2]['sampled']:.1f} times as many messages.",
            results.table(
                ["candidate", *(f"{name}: s, iterations" for name in header), "times"],
                _candidates(sizes),
            ),
        ]
    )


def _candidates(sizes: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    rows = []
    for candidate in sorted(sizes[0]["candidates"]):
        of_sizes = [size["candidates"][candidate] for size in sizes]
        seconds = [found["seconds"]["median"] for found in of_sizes]
        told = [
            f"{s:.1f}, {found['iterations']:,.0f}"
            for s, found in zip(seconds, of_sizes, strict=True)
        ]
        rows.append([candidate, *told, f"{seconds[-1] / seconds[-2]:.1f}"])
    return rows


def draw_stages(result: dict[str, Any], path: Path) -> None:
    """Writes two stacked bars, the plain script and a next night, and the latter once more, as long as the former."""
    script = {
        stage: seconds["median"] for stage, seconds in result["plain"]["stages"].items()
    }
    following = result["next"]
    night = {
        stage: measured["share"]["median"]
        for stage, measured in following["stages"].items()
    }
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 4.2), facecolor="white", layout="constrained")
        both, close = figure.subplots(2, 1, height_ratios=(2, 1.3))
        _bar(both, "plain script", script, result["plain"]["seconds"]["median"])
        _bar(both, "night", night, following["seconds"]["median"])
        _bar(close, "night, closer", night, following["seconds"]["median"])
        both.invert_yaxis()
        both.set_title(
            f"A night of {result['rows']:,} rows, {result['sampled']:,} sampled, beside the plain script",
            fontsize=12,
            loc="left",
        )
        close.set_xlabel(
            "seconds; where tasks of several stages ran at once, each has its part of the time"
        )
        for axes in (both, close):
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
            axes.margins(x=0.02)
        handles = [Patch(color=colour) for colour in (*COLOURS, BETWEEN)]
        figure.legend(
            handles,
            [*STAGES, "none of these"],
            loc="outside lower center",
            ncols=5,
            frameon=False,
        )
        save(figure, path)


def draw_growth(result: dict[str, Any], path: Path) -> None:
    """Writes two figures side by side: seconds of each stage, and MiB of the largest process, against rows."""
    sizes = result["sizes"]
    rows = [size["rows"] for size in sizes]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11, 5.2), facecolor="white", layout="constrained")
        time, memory = figure.subplots(1, 2, width_ratios=(3, 2))
        whole = [size["seconds"]["median"] for size in sizes]
        time.plot(rows, whole, color=INK, linewidth=2.4, label="whole night")
        memory.plot(
            rows, [size["peak_mib"] for size in sizes], color=INK, linewidth=2.4
        )
        # Through the largest size: what is linear runs along it, what is worse crosses it from below.
        guide = [whole[-1] * each / rows[-1] for each in rows]
        time.plot(
            rows, guide, color=INK, linewidth=1, linestyle=(0, (5, 4)), label="linear"
        )
        for stage, colour, mark in zip(STAGES, COLOURS, MARKS, strict=True):
            if all(stage in size["stages"] for size in sizes):
                found = [size["stages"][stage] for size in sizes]
                style = {
                    "color": colour,
                    "marker": mark,
                    "linewidth": 1.2,
                    "label": stage,
                }
                time.plot(rows, [each["seconds"]["median"] for each in found], **style)
                memory.plot(rows, [each["peak_mib"] for each in found], **style)
        time.set_yscale("log")
        time.set_ylabel("seconds from a stage's first start to its last end")
        memory.set_ylim(bottom=0)
        memory.set_ylabel("MiB of a stage's largest process")
        for axes in (time, memory):
            axes.set_xscale("log")
            axes.set_xticks(rows, [f"{each / 1e6:g} M" for each in rows])
            axes.minorticks_off()
            axes.set_xlabel("rows of the table; one in ten is sampled")
            axes.grid(color=FAINT, linewidth=0.8)
            axes.spines[["top", "right"]].set_visible(False)
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        handles, names = time.get_legend_handles_labels()
        figure.legend(
            handles, names, loc="outside lower center", ncols=5, frameon=False
        )
        figure.suptitle(
            f"How a night grows: {result['rules']} rules, {result['candidates']} candidates",
            fontsize=12,
        )
        save(figure, path)


def _bar(axes: Axes, name: str, seconds: Mapping[str, float], whole: float) -> None:
    """A bar of the stages' seconds, and of what of the whole is none of theirs."""
    lengths = [
        *(seconds.get(stage, 0.0) for stage in STAGES),
        max(0.0, whole - sum(seconds.values())),
    ]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    axes.barh(
        [name] * len(lengths),
        lengths,
        left=starts,
        color=(*COLOURS, BETWEEN),
        height=0.6,
    )
    axes.annotate(
        f"{whole:,.1f} s",
        (sum(lengths), name),
        (4, 0),
        textcoords="offset points",
        va="center",
    )


def save(figure: Figure, path: Path) -> None:
    """Writes the figure as SVG."""
    # Without a date and the version of the library the bytes depend on the result alone.
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
