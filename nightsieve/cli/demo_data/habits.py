"""Habits of people who type, as functions that change a text.

Each habit takes a text and a random number, which some habits do not need.
"""

import re

SHORT = {
    "you": "u",
    "are": "r",
    "your": "ur",
    "please": "pls",
    "to": "2",
    "for": "4",
    "tomorrow": "2moro",
    "tonight": "2nite",
    "because": "cuz",
    "okay": "k",
    "see": "c",
    "great": "gr8",
    "love": "luv",
    "what": "wat",
    "be": "b",
    "and": "n",
    "thanks": "thx",
    "people": "ppl",
    "message": "msg",
    "with": "wid",
    "the": "da",
    "have": "hv",
    "i'm": "im",
}
WORD = re.compile(r"\b(?:" + "|".join(map(re.escape, SHORT)) + r")\b", re.IGNORECASE)
LAST_VOWEL = re.compile(r"([aeiou])(?=[^aeiou\s]?\W*$)")
TAILS = (
    " lol",
    " haha",
    "...",
    "!!",
    "??",
    " 😂",
    " 😘",
    " 🤦🏽‍♂️",
    " ❤️‍🔥",
    " xx",
    "\n\nSent from my phone",
    " :)",
)


def in_lower_case(text: str, _: int) -> str:
    """Write everything in lower case."""
    return text.lower()


def shouting(text: str, _: int) -> str:
    """Write everything in capitals."""
    return text.upper()


def abbreviated(text: str, _: int) -> str:
    """Write common words in their short spelling."""
    return WORD.sub(_short, text)


def swapped(text: str, random: int) -> str:
    """Swap two neighbouring characters."""
    i = random % max(len(text) - 1, 1)
    return text[:i] + text[i + 1 : i + 2] + text[i : i + 1] + text[i + 2 :]


def dropped(text: str, random: int) -> str:
    """Leave one character out."""
    i = random % max(len(text), 1)
    return text[:i] + text[i + 1 :]


def drawn_out(text: str, random: int) -> str:
    """Repeat the last vowel."""
    times = 2 + random % 4
    return LAST_VOWEL.sub(r"\1" * times, text, count=1)


def unpunctuated(text: str, _: int) -> str:
    """Leave out apostrophes, commas and full stops."""
    return text.replace("'", "").replace(",", "").replace(".", "")


def with_tail(text: str, random: int) -> str:
    """Add what many people write at the end of every message."""
    return text + TAILS[random % len(TAILS)]


def _short(word: re.Match[str]) -> str:
    return SHORT[word[0].lower()]


#: A habit that is listed twice is twice as common.
HABITS = (
    in_lower_case,
    in_lower_case,
    shouting,
    abbreviated,
    abbreviated,
    swapped,
    dropped,
    drawn_out,
    unpunctuated,
    with_tail,
    with_tail,
)
