"""What the benchmarks of whole nights measure."""

from benchmarks.harness.results import Record, Result, Spread


class StageSpread(Record):
    """What a stage took over the rounds; see `benchmarks.harness.nights.StageUse`."""

    tasks: int
    peak_mib: float
    seconds: Spread
    share: Spread
    work: Spread


class NightSpread(Record):
    """What nights of the same work took over the rounds.

    Attributes
    ----------
    peak_mib
        Of the largest process.
    work
        Seconds of all tasks together.
    unused_a_task
        Seconds of the workers without a task, for each task.
    idle
        Seconds in which no task was at work.
    bytes
        Of all objects that a night wrote, the median.
    """

    seconds: Spread
    peak_mib: float
    tasks: int
    work: Spread
    unused_a_task: Spread
    idle: Spread
    bytes: float
    stages: dict[str, StageSpread]


class ScriptSpread(Record):
    """What the plain script took over the rounds.

    Attributes
    ----------
    seconds
        Without what it did for the comparison alone.
    stages
        Seconds by stage.
    two_jobs
        Seconds of the search with two jobs.
    """

    seconds: Spread
    peak_mib: float
    stages: dict[str, Spread]
    two_jobs: Spread


class Differences(Record):
    """How the results of a night differ from the script's on the same sample.

    Attributes
    ----------
    labels_unlike
        Messages with another label.
    scores_unlike
        Fold scores that differ by more than `SCORE_TOLERANCE`.
    largest_score_differences
        By estimator.
    same_winner
        Whether the same candidate wins.
    """

    messages: int
    labels_unlike: int
    scores: int
    scores_unlike: int
    largest_score_differences: dict[str, float]
    same_winner: bool
    macro_f1_difference: float


SCORE_TOLERANCE = 1e-9


class WholeNightResult(Result):
    """The result of `benchmarks.night.whole_night`.

    Attributes
    ----------
    scripts
        The rounds that had the plain script.
    first, next_night, again
        The first night, which compiles the rules; the next one; the next one again.
    copy_seconds
        Of a bare COPY of the sample.
    request_tasks, requests
        Tasks of the night whose requests to S3 were counted, and requests by method.
    differences
        The largest of all rounds.
    """

    rows: int
    sampled: int
    labelled: int
    rules: int
    candidates: int
    folds: int
    workers: int
    rounds: int
    scripts: int
    script: ScriptSpread
    first: NightSpread
    next_night: NightSpread
    again: NightSpread
    copy_seconds: Spread
    request_tasks: int
    requests: dict[str, int]
    differences: Differences


class CandidateCost(Record):
    """What a candidate's task took, and its solver's iterations, the mean of folds."""

    seconds: Spread
    iterations: float


class SizedNight(Record):
    """First nights of a table of some rows; candidates by description."""

    rows: int
    sampled: int
    best: str
    candidates: dict[str, CandidateCost]
    copy_seconds: Spread
    night: NightSpread


class GrowthResult(Result):
    """The result of `benchmarks.night.growth`."""

    rounds: int
    rules: int
    candidates: int
    sizes: tuple[SizedNight, ...]


class StageHeadroom(Record):
    """A stage, and the part of it that no other way of doing it could spare.

    Attributes
    ----------
    limit_seconds
        Of that part; 0 where no part is known.
    limit
        What that part is.
    """

    stage: str
    seconds: float
    limit_seconds: float
    limit: str


class HeadroomResult(Result):
    """The result of `benchmarks.night.headroom`; seconds of the night itself too."""

    rows: int
    night_seconds: float
    stages: tuple[StageHeadroom, ...]


class TaskOverheadResult(Result):
    """The result of `benchmarks.night.task_overhead`.

    Attributes
    ----------
    tasks
        That were run beyond the first.
    start
        Seconds of the command with one task.
    work, beyond
        Seconds of a further task: its own work, and all else.
    """

    tasks: int
    start: Spread
    work: Spread
    beyond: Spread


class VersionSeconds(Record):
    """Seconds of one thing that was measured, of both commits."""

    before: Spread
    now: Spread

    @property
    def ratio(self) -> float:
        """The median now as a share of the one before."""
        return self.now.median / self.before.median


class VersionsResult(Result):
    """The result of `benchmarks.night.versions`; ``before`` is the other commit."""

    before: str
    rows: int
    rounds: int
    seconds: dict[str, VersionSeconds]
