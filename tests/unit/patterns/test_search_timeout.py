"""A timer ends searches by the CPU time that they take, one by one and in all."""

import re
import threading
import time

import pytest

from pipeline.patterns.search_timeout import SearchTimeout, SearchTimer


class Waits:
    """A pattern whose search takes long and computes nothing."""

    def search(self, text: str) -> None:
        time.sleep(0.3)


def test_cpu_time_counts_for_each_search_and_for_all_of_a_pattern():
    catastrophic = re.compile(r"(a+)+$")
    text = "a" * 60 + "!"
    with SearchTimer(0.1, total_timeout=0.3) as timer:
        assert not timer.search(Waits(), "")
        with pytest.raises(SearchTimeout, match=r"message did not end in 0\.1 s"):
            timer.search(catastrophic, text)
        with pytest.raises(SearchTimeout, match=r"message did not end in 0\.1 s"):
            timer.find_all(catastrophic, text, 2)
        with pytest.raises(SearchTimeout, match=r"more than 0\.3 s in all"):
            search_for_ever(timer, re.compile("a b"), text)
        assert not timer.search(re.compile("a c"), text)


def search_for_ever(timer: SearchTimer, pattern: re.Pattern[str], text: str) -> None:
    while True:
        timer.search(pattern, text)


def test_searches_return_what_re_returns():
    pattern = re.compile("a.")
    with SearchTimer(1) as timer:
        assert timer.search(pattern, "xab ac").span() == (1, 3)
        assert timer.search(pattern, "b") is None
        spans = [match.span() for match in timer.find_all(pattern, "xab ac ad", 2)]
    assert spans == [(1, 3), (4, 6)]


def test_a_timer_outside_of_the_main_thread_is_refused_with_a_reason():
    errors = []

    def enter() -> None:
        try:
            with SearchTimer(1):
                pass
        except RuntimeError as error:
            errors.append(str(error))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    (error,) = errors
    assert "SIGVTALRM" in error
    assert "main thread" in error
