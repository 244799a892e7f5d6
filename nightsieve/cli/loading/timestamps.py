"""The time that a message was received, in the notations that exports of messages use."""

import re
from datetime import UTC, datetime

YEARS = range(1970, 2100)
CLOCK = r"(?:\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})([./-])(?P<month>\d{1,2})\2(?P<day>\d{1,2}?(?=\s|$)|\d\d)" + CLOCK
)
MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})" + CLOCK)


def parse_timestamp(text: str) -> datetime | None:
    """The moment that `text` names, UTC unless it says otherwise; None if it names none between 1970 and 2099.

    ISO 8601; year, month, day with dots, dashes or slashes; month/day/year with slashes; seconds or
    milliseconds since 1970.
    """
    text = text.strip().removesuffix(" UTC")
    try:
        moment = (
            _since_1970(text)
            if text.isdecimal() and len(text) > 8
            else _iso(text) or _written(text)
        )
    except (
        ValueError,
        OverflowError,
        OSError,
    ):  # the last for a time that the system cannot hold
        return None
    if moment is None or moment.year not in YEARS:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _since_1970(text: str) -> datetime:
    return datetime.fromtimestamp(int(text) / (1000 if len(text) > 11 else 1), UTC)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _written(text: str) -> datetime | None:
    match = YEAR_FIRST.fullmatch(text) or MONTH_FIRST.fullmatch(text)
    if match is None:
        return None
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    date = (int(match[name]) for name in ("year", "month", "day"))
    return datetime(*date, hour, int(match["minute"] or 0), int(match["second"] or 0))
