"""Tables of the benchmarks of training."""

from benchmarks.harness import markdown
from benchmarks.training.records import (
    GRID_SEARCH,
    GRID_SEARCH_TWO_JOBS,
    IN_BLOCKS,
    IN_MEMORY,
    BlocksResult,
    GridSearchResult,
    SearchedCorpus,
)


def grid_search_tables(result: GridSearchResult) -> str:
    """Return a table of seconds and memory, and one of the scores' differences."""
    rows = []
    estimators = set()
    for name, searched in result.corpora.items():
        rows += _searcher_rows(name, searched)
        estimators |= set(searched.differences)
    header = (
        "corpus",
        "messages",
        "search",
        "seconds",
        "times GridSearchCV",
        "with two jobs",
        "peak MiB of a process",
    )
    columns = sorted(estimators)
    difference_rows = []
    for name, searched in result.corpora.items():
        cells = [markdown.one_digit(searched.differences[column]) for column in columns]
        difference_rows.append([name, *cells])
    return markdown.parts(
        f"Medians of {result.rounds} rounds in turns.",
        markdown.table(header, rows),
        "The largest difference of a score on any fold:",
        markdown.table(["corpus", *columns], difference_rows),
    )


def _searcher_rows(name: str, searched: SearchedCorpus) -> list[list[str]]:
    baseline = searched.sides[GRID_SEARCH].seconds.median
    two_jobs = searched.sides[GRID_SEARCH_TWO_JOBS].seconds.median
    rows = []
    for side, searcher in searched.sides.items():
        seconds = searcher.seconds
        row = [
            name,
            f"{searched.messages:,}",
            side,
            markdown.spread(seconds, 1),
            f"{baseline / seconds.median:.1f}",
            f"{two_jobs / seconds.median:.1f}",
            f"{searcher.peak_mib:,.0f}",
        ]
        rows.append(row)
    return rows


def blocks_tables(result: BlocksResult) -> str:
    """Return a table with a row for each candidate, and one for the memory."""
    sides = (IN_MEMORY, IN_BLOCKS)
    rows = []
    for name, candidate in result.candidates.items():
        seconds = [markdown.spread(candidate.seconds[side], 1) for side in sides]
        rows.append([name, *seconds, markdown.one_digit(candidate.difference)])
    peaks = [f"{result.peak_mib[side]:,.0f}" for side in sides]
    rows.append(["largest process, MiB", *peaks, markdown.DASH])
    introduction = (
        f"{result.corpus}: {result.documents:,} unique documents, blocks of "
        f"{result.block:,}, five folds; medians of {result.rounds} rounds in turns."
    )
    headings = [f"{side}, s" for side in sides]
    header = ["", *headings, "largest difference of a score"]
    return markdown.parts(
        markdown.paragraph(introduction), markdown.table(header, rows)
    )
