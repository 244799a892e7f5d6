"""Puts the tables of all results into their pages, and draws the figures in docs/."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.faults.records import FlipsResult, MatrixResult
from benchmarks.faults.tables import flips_tables, matrix_tables
from benchmarks.gate.records import ThirtyNightsResult
from benchmarks.gate.tables import thirty_nights_tables
from benchmarks.harness import markdown
from benchmarks.harness.results import Result, read_result
from benchmarks.labelling.records import RuleSpeedResult, VotesResult, WeakLabelsResult
from benchmarks.labelling.tables import (
    rule_speed_tables,
    votes_tables,
    weak_labels_tables,
)
from benchmarks.night.records import (
    GrowthResult,
    HeadroomResult,
    TaskOverheadResult,
    WholeNightResult,
)
from benchmarks.night.tables import (
    growth_tables,
    headroom_tables,
    task_overhead_tables,
    whole_night_tables,
)
from benchmarks.overview import overview_table
from benchmarks.parity.records import AgreementResult, ScoringResult, SizeResult
from benchmarks.parity.tables import agreement_tables, scoring_tables, size_tables
from benchmarks.serving.records import (
    ColdStartResult,
    LoadResult,
    MemoryResult,
    MixedResult,
    OutagesResult,
    ParityResult,
    StartResult,
    SwapResult,
)
from benchmarks.serving.tables import (
    cold_start_tables,
    load_tables,
    memory_table,
    mixed_table,
    outages_table,
    parity_table,
    start_tables,
    swap_table,
)
from benchmarks.training.records import BlocksResult, GridSearchResult
from benchmarks.training.tables import blocks_tables, grid_search_tables

README = Path(__file__).parent / "README.md"
DOCS = Path(__file__).parents[1] / "docs"
#: The pages with tables of results.
PAGES = (README, DOCS / "reliability.md")
SECTION = re.compile(
    r"(?P<start><!-- results: (?P<name>\w+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL
)
OVERVIEW = "overview"

ResultType = TypeVar("ResultType", bound=Result)
Section = Callable[[], str]
"""Makes the Markdown of a result."""


def main() -> None:
    """Write the pages and the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.readme", description=__doc__
    )
    parser.parse_args()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(fill(text), encoding="utf-8")
    draw_figures(DOCS)


def fill(text: str) -> str:
    """Return the text with the table of each result between its markers.

    Raises
    ------
    KeyError
        A marker names no result.
    """
    return SECTION.sub(_fill_section, text)


def draw_figures(folder: Path) -> None:
    """Draw all figures into the folder."""
    # Matplotlib is slow to import, and only the figures need it.
    from benchmarks.labelling.figures import draw_rules_growth  # noqa: PLC0415
    from benchmarks.night.figures import draw_growth, draw_stages  # noqa: PLC0415
    from benchmarks.parity.figures import draw_size  # noqa: PLC0415
    from benchmarks.serving.figures import draw_latencies  # noqa: PLC0415

    draw_size(read_result("size", SizeResult), folder / "size-and-flips.svg")
    rule_speed = read_result("rule_speed", RuleSpeedResult)
    draw_rules_growth(rule_speed, folder / "rules-growth.svg")
    whole_night = read_result("whole_night", WholeNightResult)
    draw_stages(whole_night, folder / "night-stages.svg")
    draw_growth(read_result("growth", GrowthResult), folder / "night-growth.svg")
    draw_latencies(read_result("load", LoadResult), folder / "serving-latency.svg")


def _section(
    name: str, kind: type[ResultType], tables: Callable[[ResultType], str]
) -> Section:
    def section() -> str:
        result = read_result(name, kind)
        return markdown.parts(tables(result), markdown.run_line(result.run))

    return section


SECTIONS: dict[str, Section] = {
    OVERVIEW: overview_table,
    "agreement": _section("agreement", AgreementResult, agreement_tables),
    "size": _section("size", SizeResult, size_tables),
    "scoring": _section("scoring", ScoringResult, scoring_tables),
    "rule_speed": _section("rule_speed", RuleSpeedResult, rule_speed_tables),
    "votes": _section("votes", VotesResult, votes_tables),
    "weak_labels": _section("weak_labels", WeakLabelsResult, weak_labels_tables),
    "grid_search": _section("grid_search", GridSearchResult, grid_search_tables),
    "blocks": _section("blocks", BlocksResult, blocks_tables),
    "whole_night": _section("whole_night", WholeNightResult, whole_night_tables),
    "growth": _section("growth", GrowthResult, growth_tables),
    "headroom": _section("headroom", HeadroomResult, headroom_tables),
    "task_overhead": _section(
        "task_overhead", TaskOverheadResult, task_overhead_tables
    ),
    "thirty_nights_sample": _section(
        "thirty_nights_sample", ThirtyNightsResult, thirty_nights_tables
    ),
    "thirty_nights_uci": _section(
        "thirty_nights_uci", ThirtyNightsResult, thirty_nights_tables
    ),
    "faults": _section("faults", MatrixResult, matrix_tables),
    "flips": _section("flips", FlipsResult, flips_tables),
    "load": _section("load", LoadResult, load_tables),
    "mixed": _section("mixed", MixedResult, mixed_table),
    "swap": _section("swap", SwapResult, swap_table),
    "start": _section("start", StartResult, start_tables),
    "cold_start": _section("cold_start", ColdStartResult, cold_start_tables),
    "memory": _section("memory", MemoryResult, memory_table),
    "outages": _section("outages", OutagesResult, outages_table),
    "serving_parity": _section("serving_parity", ParityResult, parity_table),
}


def _fill_section(match: re.Match[str]) -> str:
    content = SECTIONS[match["name"]]()
    return f"{match['start']}\n{content}\n\n{match['end']}"


if __name__ == "__main__":
    main()
