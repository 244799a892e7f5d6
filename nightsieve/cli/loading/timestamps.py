"""Read the time when a message was received, as many exports write it."""

import re
from datetime import UTC, datetime

YEARS = range(1970, 2100)
# Shorter numbers are dates, such as 20110203; longer ones count from 1970.
DATE_DIGITS = 8
SECONDS_DIGITS = 11
NOON = 12
CLOCK = (
    r"(?:\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})([./-])(?P<month>\d{1,2})\2(?P<day>\d{1,2}?(?=\s|$)|\d\d)" + CLOCK
)
MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})" + CLOCK)


def parse_timestamp(text: str) -> datetime | None:
    """Return the time that a text names, in UTC unless it names another zone.

    The text is ISO 8601; or year, month and day with dots, dashes or slashes; or
    month/day/year; or seconds or milliseconds since 1970.

    Returns
    -------
    datetime | None
        None if the text is not a time, or not one from 1970 to 2099.

    Examples
    --------
    >>> parse_timestamp("2/13/2011 4:49:05 PM").isoformat()
    '2011-02-13T16:49:05+00:00'
    >>> parse_timestamp("yesterday") is None
    True
    """
    text = text.strip().removesuffix(" UTC")
    try:
        moment = _moment(text)
    except (ValueError, OverflowError, OSError):  # OSError: out of the system's range
        return None
    if moment is None or moment.year not in YEARS:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    if text.isdecimal() and len(text) > DATE_DIGITS:
        return _since_1970(text)
    return _iso(text) or _written(text)


def _since_1970(text: str) -> datetime:
    divisor = 1000 if len(text) > SECONDS_DIGITS else 1
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
        if not 1 <= hour <= NOON:
            return None
        hour %= NOON
        if match["half"] in "Pp":
            hour += NOON
    return datetime(
        int(match["year"]),
        int(match["month"]),
        int(match["day"]),
        hour,
        int(match["minute"] or 0),
        int(match["second"] or 0),
    )
