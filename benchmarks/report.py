"""The report of a benchmark, for Jenkins: a page, and its targets as JUnit tests."""

import argparse
import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from markdown_it import MarkdownIt

from benchmarks.harness import markdown, targets
from benchmarks.harness.results import RESULTS, Result, read_result
from benchmarks.training.records import GRID_SEARCH, GridSearchResult
from benchmarks.training.tables import grid_search_tables
from pipeline.records.release import Verdict
from pipeline.report.html.pages import PAGE, STYLE, TEMPLATES
from pipeline.report.junit import Case, suite

ResultType = TypeVar("ResultType", bound=Result)

_PAGE = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>{title}</title>
<link rel="stylesheet" href="{style}" />
</head>
<body>
<h1>{title}</h1>
<main>
{body}</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Target:
    """What a benchmark is meant to reach, and whether it did."""

    name: str
    target: str
    measured: str
    reached: bool


@dataclass(frozen=True)
class Report(Generic[ResultType]):
    """How the report of a benchmark is made.

    Attributes
    ----------
    tables
        Returns the tables of its result in Markdown.
    targets
        Yields its targets.
    """

    title: str
    kind: type[ResultType]
    tables: Callable[[ResultType], str]
    targets: Callable[[ResultType], Iterator[Target]]

    def write(self, name: str, results: Path, to: Path) -> None:
        """Write ``report/index.html`` and ``junit.xml`` into a folder."""
        result = read_result(name, self.kind, results)
        reached = list(self.targets(result))
        body = [_target_table(reached), self.tables(result)]
        page = _page(self.title, [*body, markdown.run_line(result.run)])
        folder = to / "report"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PAGE).write_text(page, encoding="utf-8")
        (folder / STYLE).write_bytes((TEMPLATES / STYLE).read_bytes())
        (to / "junit.xml").write_bytes(suite(name, name, list(map(_case, reached))))


def main() -> None:
    """Write the report of one benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.report", description=__doc__
    )
    parser.add_argument("name", choices=REPORTS)
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        default=RESULTS,
        help="folder of the result (default: benchmarks/results)",
    )
    parser.add_argument(
        "--to", type=Path, metavar="FOLDER", required=True, help="folder to write to"
    )
    arguments = parser.parse_args()
    REPORTS[arguments.name].write(arguments.name, arguments.results, arguments.to)


def _case(target: Target) -> Case:
    verdict = Verdict.PASSED if target.reached else Verdict.FAILED
    text = f"{target.measured}; the target is {target.target}"
    return Case(target.name, verdict, text)


def _search_targets(result: GridSearchResult) -> Iterator[Target]:
    for name, searched in result.corpora.items():
        ratio = searched.times_faster(GRID_SEARCH)
        yield Target(
            name=f"{name}, times GridSearchCV",
            target=targets.SEARCH,
            measured=f"{ratio:.1f}",
            reached=ratio >= targets.SEARCH_RATIO,
        )
        difference = max(searched.differences.values())
        yield Target(
            name=f"{name}, largest difference of a fold score",
            target=f"at most {targets.SCORE_DIFFERENCE}",
            measured=f"{difference:.1g}",
            reached=difference <= float(targets.SCORE_DIFFERENCE),
        )


REPORTS = {
    "grid_search": Report(
        title="The grid search of a night",
        kind=GridSearchResult,
        tables=grid_search_tables,
        targets=_search_targets,
    ),
}


def _target_table(reached: list[Target]) -> str:
    rows = []
    for target in reached:
        verdict = "yes" if target.reached else "no"
        rows.append([target.name, target.target, target.measured, verdict])
    header = ("", "target", "measured", "reached")
    return markdown.table(header, rows)


def _page(title: str, blocks: list[str]) -> str:
    """Return a page of Markdown; Jenkins' policy allows no inline style."""
    body = MarkdownIt("js-default").render(markdown.parts(*blocks))
    body = body.replace(' style="text-align:right"', ' class="number"')
    return _PAGE.format(title=html.escape(title), style=STYLE, body=body)


if __name__ == "__main__":
    main()
