"""What the benchmarks of training measure."""

from benchmarks.harness.results import Record, Result, Spread


class Searcher(Record):
    """What one way to search the grid takes."""

    seconds: Spread
    peak_mib: float


class SearchedCorpus(Record):
    """The ways to search the grid on the same messages.

    Attributes
    ----------
    differences
        The largest difference between our score and `GridSearchCV`'s on any fold, by
        estimator.
    sides
        By name: `NIGHT`, `GRID_SEARCH` and `GRID_SEARCH_TWO_JOBS`.
    """

    messages: int
    candidates: int
    differences: dict[str, float]
    sides: dict[str, Searcher]

    def times_faster(self, side: str) -> float:
        """Return how many times as fast as this side a night is."""
        return self.sides[side].seconds.median / self.sides[NIGHT].seconds.median


NIGHT = "night"
GRID_SEARCH = "GridSearchCV"
GRID_SEARCH_TWO_JOBS = "GridSearchCV, two jobs"


class GridSearchResult(Result):
    """The result of `benchmarks.training.grid_search`."""

    rounds: int
    corpora: dict[str, SearchedCorpus]


class BlockwiseCandidate(Record):
    """A candidate, trained in memory and in blocks.

    Attributes
    ----------
    difference
        The largest difference between their scores on any fold.
    seconds
        By `IN_MEMORY` and `IN_BLOCKS`.
    """

    difference: float
    seconds: dict[str, Spread]


IN_MEMORY = "in memory"
IN_BLOCKS = "in blocks"


class BlocksResult(Result):
    """The result of `benchmarks.training.blocks`.

    Attributes
    ----------
    block
        Documents in memory at a time.
    peak_mib
        Peak memory of the process, by `IN_MEMORY` and `IN_BLOCKS`.
    """

    rounds: int
    corpus: str
    documents: int
    block: int
    peak_mib: dict[str, float]
    candidates: dict[str, BlockwiseCandidate]
