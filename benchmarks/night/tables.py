"""Tables of the benchmarks of whole nights."""

from collections.abc import Sequence

from benchmarks.harness import markdown, targets
from benchmarks.harness.nights import STAGES
from benchmarks.harness.results import Spread
from benchmarks.night.ratios import NightRatios
from benchmarks.night.records import (
    Differences,
    GrowthResult,
    HeadroomResult,
    SizedNight,
    TaskOverheadResult,
    VersionsResult,
    WholeNightResult,
)
from pipeline.records.words import plural

MEGA = 1e6


def whole_night_tables(result: WholeNightResult) -> str:
    """Return tables of whole nights, of their stages, and of the targets."""
    runs: list[tuple[str, Spread, float]] = [
        ("plain script", result.script.seconds, result.script.peak_mib)
    ]
    nights = {
        "first night: rules compiled": result.first,
        "next night: same rules, all else done again": result.next_night,
        "second run of the same night: no task": result.again,
    }
    runs += [(name, night.seconds, night.peak_mib) for name, night in nights.items()]
    script_seconds = result.script.seconds.median
    whole_rows = []
    for name, seconds, peak_mib in runs:
        ratio = f"{script_seconds / seconds.median:,.1f}"
        whole_rows.append(
            [name, markdown.spread(seconds, 1), ratio, f"{peak_mib:,.0f}"]
        )
    introduction = (
        f"{result.rows:,} rows, {result.sampled:,} sampled, {result.rules} rules, "
        f"{result.candidates} candidates x {result.folds} folds; {result.workers} "
        f"workers. Medians of {result.rounds} rounds in turns, the script in "
        f"{result.scripts} of them; lowest and highest in brackets."
    )
    stage_introduction = (
        "By stage, from the start of its first task to the end of its last. Stages of "
        "a night run side by side, so their times overlap. *Work* adds up the seconds "
        "of a stage's tasks in the next night. *Times faster* compares the next "
        "night's seconds with the script's."
    )
    stage_header = (
        "stage",
        "script, s",
        "first night, s",
        "next night, s",
        "times faster",
        "tasks",
        "work, s",
        "MiB",
    )
    stage_rows = [
        _stage_row(stage, result) for stage in STAGES if stage in result.first.stages
    ]
    return markdown.parts(
        markdown.paragraph(introduction),
        markdown.table(
            ("", "seconds", "times faster", "largest process, MiB"), whole_rows
        ),
        _differences(result.differences),
        markdown.paragraph(stage_introduction),
        markdown.table(stage_header, stage_rows),
        markdown.table(("", "measured", "target"), _target_rows(result)),
    )


def _differences(differences: Differences) -> str:
    by_estimator = [
        f"{largest:.1g} {estimator}"
        for estimator, largest in differences.largest_score_differences.items()
    ]
    winner = "the same" if differences.same_winner else "ANOTHER"
    return markdown.paragraph(
        "Results beside the script's, which gets the same sample: "
        f"{differences.labels_unlike:,} of {differences.messages:,} labels differ, "
        f"{differences.scores_unlike} of {differences.scores} fold scores differ by "
        f"more than 1e-9 (at most {', '.join(by_estimator)}); {winner} candidate wins, "
        "and its cross-validated macro F1 differs by "
        f"{differences.macro_f1_difference:.1g}."
    )


def _stage_row(stage: str, result: WholeNightResult) -> list[str]:
    script_seconds = result.script.stages.get(stage)
    first = result.first.stages[stage]
    following = result.next_night.stages.get(stage)
    following_seconds = following.seconds if following else None
    times_faster = markdown.DASH
    if script_seconds and following_seconds:
        times_faster = f"{script_seconds.median / following_seconds.median:,.1f}"
    # Rules are compiled in the first night alone.
    shown = following or first
    return [
        stage,
        markdown.spread_or_dash(script_seconds, 1),
        markdown.spread(first.seconds, 1),
        markdown.spread_or_dash(following_seconds, 1),
        times_faster,
        str(shown.tasks),
        f"{shown.work.median:,.1f}",
        f"{shown.peak_mib:,.0f}",
    ]


def _target_rows(result: WholeNightResult) -> list[list[str]]:
    ratios = NightRatios(result)
    following = result.next_night
    requests = sum(result.requests.values())
    by_method = [f"{count} {name}" for name, count in sorted(result.requests.items())]
    request_row = (
        f"requests to S3 a task ({', '.join(by_method)}; {result.request_tasks} tasks)"
    )
    dash = markdown.DASH
    return [
        [
            "next night, times faster than the script",
            f"{ratios.night:,.1f}",
            targets.NIGHT,
        ],
        [
            "the same without what the script does not do",
            f"{ratios.night_without_beyond:,.1f}",
            dash,
        ],
        [
            "the same as the first row, if the script searched with two jobs",
            f"{ratios.night_two_jobs:,.1f}",
            dash,
        ],
        [
            "grid search, times faster than `GridSearchCV`",
            f"{ratios.search:,.1f}",
            targets.SEARCH,
        ],
        [
            "grid search, times faster than `GridSearchCV` with two jobs",
            f"{ratios.search_two_jobs:,.1f}",
            dash,
        ],
        ["bare COPY of the sample, s", markdown.spread(result.copy_seconds, 2), dash],
        [
            "ingest of the next night, times the bare COPY",
            f"{ratios.ingest:.2f}",
            targets.INGEST,
        ],
        [
            "ingest of the first night, times the bare COPY",
            f"{ratios.first_ingest:.2f}",
            targets.INGEST,
        ],
        [
            "second run, s",
            markdown.spread(result.again.seconds, 1),
            targets.SECOND_RUN,
        ],
        [
            "night without any task at work, s",
            markdown.spread(following.idle, 1),
            dash,
        ],
        ["the same, a task", f"{ratios.idle_a_task:.2f}", targets.BEYOND_WORK],
        [
            "workers' time without a task, s a task",
            markdown.spread(following.unused_a_task, 2),
            dash,
        ],
        ["objects written, MB", f"{following.bytes / MEGA:,.1f}", dash],
        [request_row, f"{requests / result.request_tasks:.1f}", dash],
    ]


def growth_tables(result: GrowthResult) -> str:
    """Return tables of seconds, of memory, and of the candidates of the search."""
    sizes = result.sizes
    stages = _growth_stages(sizes)
    header = [f"{size.rows:,} rows" for size in sizes]
    seconds = [_growth_seconds(size, stages) for size in sizes]
    memory = [_growth_memory(size, stages) for size in sizes]
    introduction = (
        f"First nights with {result.rules} rules and {result.candidates} candidates, "
        "one message in ten sampled. Medians of the rounds, lowest and highest in "
        f"brackets; rounds: {result.rounds}."
    )
    messages_ratio = sizes[-1].sampled / sizes[-2].sampled
    candidate_introduction = (
        "Each candidate's task in the search, and the iterations of its solver, the "
        "mean of the folds: steps of L-BFGS for logistic regression, conjugate "
        "gradients for the SVM, passes for SGD. The last column is how many times as "
        "long the largest table takes as the one before, with "
        f"{messages_ratio:.1f} times as many messages."
    )
    candidate_header = [f"{name}: s, iterations" for name in header]
    return markdown.parts(
        markdown.paragraph(introduction),
        markdown.table(["seconds", *header], markdown.rows(seconds)),
        markdown.table(["", *header], markdown.rows(memory)),
        markdown.paragraph(candidate_introduction),
        markdown.table(
            ["candidate", *candidate_header, "times"], _growth_candidates(sizes)
        ),
    )


def _growth_stages(sizes: Sequence[SizedNight]) -> list[str]:
    return [stage for stage in STAGES if stage in sizes[0].night.stages]


def _growth_seconds(size: SizedNight, stages: Sequence[str]) -> dict[str, str]:
    """Return a column of seconds, by the heading of the row."""
    column = {"whole night": markdown.spread(size.night.seconds, 1)}
    for stage in stages:
        column[stage] = markdown.spread(size.night.stages[stage].seconds, 1)
    column["bare COPY of the sample"] = markdown.spread(size.copy_seconds, 2)
    return column


def _growth_memory(size: SizedNight, stages: Sequence[str]) -> dict[str, str]:
    """Return a column of memory, and of what it depends on."""
    column = {
        "messages sampled": f"{size.sampled:,}",
        "best candidate, which is cross-validated and fitted": size.best,
        "objects written, MB": f"{size.night.bytes / MEGA:,.1f}",
        "largest process, MiB": f"{size.night.peak_mib:,.0f}",
    }
    for stage in stages:
        column[f"of {stage}, MiB"] = f"{size.night.stages[stage].peak_mib:,.0f}"
    return column


def _growth_candidates(sizes: Sequence[SizedNight]) -> list[list[str]]:
    rows = []
    for name in sorted(sizes[0].candidates):
        costs = [size.candidates[name] for size in sizes]
        cells = [f"{cost.seconds.median:.1f}, {cost.iterations:,.0f}" for cost in costs]
        ratio = costs[-1].seconds.median / costs[-2].seconds.median
        rows.append([name, *cells, f"{ratio:.1f}"])
    return rows


def headroom_tables(result: HeadroomResult) -> str:
    """Return a table with a row for each stage."""
    rows = [
        [
            stage.stage,
            f"{stage.seconds:.1f}",
            f"{stage.limit_seconds:.1f}",
            f"{stage.limit_seconds / stage.seconds:.0%}",
            stage.limit,
        ]
        for stage in result.stages
    ]
    header = (
        "stage, in one process",
        "seconds",
        "of these the limit",
        "share",
        "the limit",
    )
    return markdown.parts(
        f"A night of {result.rows:,} rows, one in ten sampled.",
        markdown.table(header, rows),
    )


def task_overhead_tables(result: TaskOverheadResult) -> str:
    """Return a table of what a command, a task and its bookkeeping take."""
    rows = [
        [
            "start of the command, to the end of a first task",
            markdown.spread(result.start, 2),
            markdown.DASH,
        ],
        [
            "a further task: its own work",
            markdown.spread(result.work, 3),
            markdown.DASH,
        ],
        [
            "a further task: beyond its work, its two PUTs included",
            markdown.spread(result.beyond, 3),
            f"{targets.BEYOND_WORK_SECONDS} s",
        ],
    ]
    return markdown.table(("", "seconds", "target"), rows)


def versions_tables(result: VersionsResult) -> str:
    """Return a table with a row for each thing that was measured."""
    rows = [
        [
            name,
            markdown.spread(seconds.before, 1),
            markdown.spread(seconds.now, 1),
            f"{seconds.ratio:.3f}",
        ]
        for name, seconds in result.seconds.items()
    ]
    introduction = (
        f"{result.rows:,} rows; medians of {plural(result.rounds, 'round')} in turns, "
        "lowest and highest in brackets."
    )
    header = ("", f"{result.before}, s", "this checkout, s", "ratio")
    return markdown.parts(introduction, markdown.table(header, rows))
