"""The table of all targets, and what was measured of each."""

from benchmarks.harness import markdown, targets
from benchmarks.harness.results import read_result, values
from benchmarks.labelling.records import RuleSpeedResult, WeakLabelsResult
from benchmarks.night.ratios import NightRatios
from benchmarks.night.records import GrowthResult, TaskOverheadResult, WholeNightResult
from benchmarks.parity.records import AgreementResult, SizeResult
from benchmarks.serving.records import (
    LoadResult,
    OutagesResult,
    ParityResult,
    StartResult,
    SwapResult,
)
from benchmarks.serving.tables import (
    BATCH_BAR,
    P99_BAR,
    RATE_BAR,
    START_BAR,
    batch_share,
    p99,
    times_the_baseline,
)
from benchmarks.training.records import (
    GRID_SEARCH,
    GRID_SEARCH_TWO_JOBS,
    GridSearchResult,
)

KILO = 1000
THE_SAME_TWO_JOBS = "the same, times `GridSearchCV` with two jobs"

Row = list[str]
"""What is measured, its target, and the figure."""


def overview_table() -> str:
    """Return the table, from the results of all benchmarks."""
    rows = [
        *_ingest_rows(),
        *_rule_speed_rows(),
        *_search_rows(),
        *_night_rows(),
        *_task_rows(),
        *_model_rows(),
        *_serving_rows(),
    ]
    return markdown.table(("", "target", "measured"), rows)


def _ingest_rows() -> list[Row]:
    ratios = NightRatios(read_result("whole_night", WholeNightResult))
    return [["ingest, times a bare COPY", targets.INGEST, f"{ratios.ingest:.2f}"]]


def _rule_speed_rows() -> list[Row]:
    engines = read_result("rule_speed", RuleSpeedResult).engines
    re_engine = engines[0]
    ours = [engine for engine in engines if engine.name.startswith("this engine")]
    one_core = ours[0]
    unlike = sum(values(ours, "differing"))
    figure = f"{one_core.rate / re_engine.rate:.0f}; {unlike}"
    name = "300 rules, times `re`, one core; votes unlike `re`'s"
    return [[name, targets.RULE_SPEED, figure]]


def _search_rows() -> list[Row]:
    night = read_result("whole_night", WholeNightResult)
    ratios = NightRatios(night)
    corpora = read_result("grid_search", GridSearchResult).corpora
    one_job = [
        f"{name} {searched.times_faster(GRID_SEARCH):.1f}"
        for name, searched in corpora.items()
    ]
    two_jobs = [
        f"{name} {searched.times_faster(GRID_SEARCH_TWO_JOBS):.1f}"
        for name, searched in corpora.items()
    ]
    public_differences = [
        max(searched.differences.values()) for searched in corpora.values()
    ]
    differences = night.differences
    largest = max(differences.largest_score_differences.values())
    rows = f"{night.rows:,} rows"
    return [
        [
            f"search, {rows}, times `GridSearchCV`",
            targets.SEARCH,
            f"{ratios.search:.1f}",
        ],
        [THE_SAME_TWO_JOBS, markdown.DASH, f"{ratios.search_two_jobs:.1f}"],
        [
            "search, public messages, times `GridSearchCV`",
            targets.SEARCH,
            ", ".join(one_job),
        ],
        [THE_SAME_TWO_JOBS, markdown.DASH, ", ".join(two_jobs)],
        [
            f"fold scores off `GridSearchCV`'s by more than 1e-9, {rows}",
            "0",
            f"{differences.scores_unlike} of {differences.scores}, "
            f"at most {largest:.0g}",
        ],
        [
            "largest difference of a fold score, public messages",
            targets.SCORE_DIFFERENCE,
            f"{max(public_differences):.1g}",
        ],
    ]


def _night_rows() -> list[Row]:
    night = read_result("whole_night", WholeNightResult)
    ratios = NightRatios(night)
    largest = read_result("growth", GrowthResult).sizes[-1]
    return [
        [
            "whole night, times the plain script",
            targets.NIGHT,
            f"{ratios.night:.1f}",
        ],
        [
            "the same, if the script searched with two jobs",
            markdown.DASH,
            f"{ratios.night_two_jobs:.1f}",
        ],
        [
            f"whole night, {largest.rows:,} rows: largest process, MiB",
            targets.PEAK_MIB,
            f"{largest.night.peak_mib:,.0f}",
        ],
        [
            "second run of the same night, s",
            targets.SECOND_RUN,
            f"{night.again.seconds.median:.1f}",
        ],
    ]


def _task_rows() -> list[Row]:
    overhead = read_result("task_overhead", TaskOverheadResult)
    ratios = NightRatios(read_result("whole_night", WholeNightResult))
    return [
        [
            "a task beyond its work, s, where tasks do nothing",
            targets.BEYOND_WORK,
            f"{overhead.beyond.median:.3f}",
        ],
        ["the same in a night", targets.BEYOND_WORK, f"{ratios.idle_a_task:.2f}"],
    ]


def _model_rows() -> list[Row]:
    agreements = read_result("agreement", AgreementResult).whole
    flips = sum(values(agreements, "seen.flips") + values(agreements, "unseen.flips"))
    sizes = values(read_result("size", SizeResult).models, "chosen.gzipped")
    majority = read_result("weak_labels", WeakLabelsResult).rows[0]
    return [
        [
            "labels that the exported model flips, five models on public messages",
            targets.FLIPS,
            str(flips),
        ],
        [
            "exported file of 20,000 terms and 3 labels, gzipped, KB",
            targets.GZIPPED_KB,
            f"{max(sizes) / KILO:.0f}",
        ],
        [
            "F1 of spam on UCI, trained on rules alone",
            targets.SPAM_F1,
            f"{majority.model.f1.value:.3f}",
        ],
    ]


def _serving_rows() -> list[Row]:
    load = read_result("load", LoadResult)
    service = load.servers[0]
    swap = read_result("swap", SwapResult)
    parity = read_result("serving_parity", ParityResult)
    outages = read_result("outages", OutagesResult).outages
    start = read_result("start", StartResult).services[0]
    return [
        [
            f"HTTP, {load.rate:g} single messages a second: p99, ms; errors",
            f"at most {P99_BAR:g}; 0",
            f"{p99(service.scheduled):.1f}; {service.scheduled.errors}",
        ],
        [
            "HTTP, requests a second, times Flask under gunicorn",
            f"at least {RATE_BAR:g}",
            f"{times_the_baseline(load):.1f}",
        ],
        [
            "HTTP, messages a second in batches, times the Python scorer alone",
            f"at least {BATCH_BAR:g}",
            f"{batch_share(load):.2f}",
        ],
        [
            f"{swap.published:,} models published under load: failed requests",
            "0",
            f"{swap.answers.errors + swap.failed_phones}",
        ],
        [
            f"{parity.messages:,} messages by HTTP, Lambda and the inbox: differences",
            "0",
            f"{sum(parity.differences.values())}",
        ],
        [
            "parts of the service killed under load: corrections lost",
            "0",
            f"{sum(values(outages, 'lost')):g}",
        ],
        [
            "the service, until it is ready, beyond bare imports, s",
            f"at most {START_BAR:g}",
            f"{start.beyond.median:.2f}",
        ],
    ]
