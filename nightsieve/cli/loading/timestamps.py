"""The time that a message was received, in the notations of many exports."""

import re
from datetime import UTC, datetime

YEARS = range(1970, 2100)
CLOCK = (
    r"(?:\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})([./-])(?P<month>\d{1,2})\2(?P<day>\d{1,2}?(?=\s|$)|\d\d)" + CLOCK
)
MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})" + CLOCK)


def parse_timestamp(text: str) -> datetime | None:
    """Return the time that a text names, UTC unless it says otherwise.

    It may be ISO 8601; year, month and day with dots, dashes or slashes;
    month/day/year; or seconds or milliseconds since 1970.

    Returns
    -------
    datetime | None
        None if it names no time from 1970 to 2099.
    """
    text = text.strip().removesuffix(" UTC")
    try:
        moment = _moment(text)
    except (ValueError, OverflowError, OSError):  # OSError: the system cannot hold it
        return None
    if moment is None or moment.year not in YEARS:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    if text.isdecimal() and len(text) > 8:
        return _since_1970(text)
    return _iso(text) or _written(text)


def _since_1970(text: str) -> datetime:
    divisor = 1000 if len(text) > 11 else 1
    return datetime.fromtimestamp(int(text) / divisor, UTC)


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
        afternoon = match["half"] in "Pp"
        hour = hour % 12 + (12 if afternoon else 0)
    return datetime(
        int(match["year"]),
        int(match["month"]),
        int(match["day"]),
        hour,
        int(match["minute"] or 0),
        int(match["second"] or 0),
    )
