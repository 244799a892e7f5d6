"""How many times as fast a night is as what it is compared with."""

from benchmarks.harness.nights import BEYOND_SCRIPT
from benchmarks.night.records import WholeNightResult


class NightRatios:
    """Ratios of medians of a result."""

    def __init__(self, result: WholeNightResult) -> None:
        stages = result.next_night.stages
        self._copy = result.copy_seconds.median
        self._script = result.script.seconds.median
        self._script_search = result.script.stages["search"].median
        self._script_two_jobs = result.script.two_jobs.median
        self._night = result.next_night.seconds.median
        self._beyond = stages[BEYOND_SCRIPT].share.median
        self._search = stages["search"].seconds.median
        self._ingest = stages["ingest"].seconds.median
        self._first_ingest = result.first.stages["ingest"].seconds.median
        self._idle = result.next_night.idle.median
        self._tasks = result.next_night.tasks

    @property
    def night(self) -> float:
        """How many times as fast as the script the next night is."""
        return self._script / self._night

    @property
    def night_without_beyond(self) -> float:
        """The same without what the script does not do."""
        return self._script / (self._night - self._beyond)

    @property
    def night_two_jobs(self) -> float:
        """The same if the script searched with two jobs."""
        script = self._script - self._script_search + self._script_two_jobs
        return script / self._night

    @property
    def search(self) -> float:
        """How many times as fast as `GridSearchCV` the search is."""
        return self._script_search / self._search

    @property
    def search_two_jobs(self) -> float:
        """The same for `GridSearchCV` with two jobs."""
        return self._script_two_jobs / self._search

    @property
    def ingest(self) -> float:
        """How many times as long as a bare COPY the next night's ingest takes."""
        return self._ingest / self._copy

    @property
    def first_ingest(self) -> float:
        """The same for the first night."""
        return self._first_ingest / self._copy

    @property
    def idle_a_task(self) -> float:
        """Seconds without any task at work, for each task of the next night."""
        return self._idle / self._tasks
