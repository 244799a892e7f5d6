"""How people type: what happens to a message of the sample between the thought and the key."""

import re

SHORT = {
    "you": "u", "are": "r", "your": "ur", "please": "pls", "to": "2", "for": "4", "tomorrow": "2moro",
    "tonight": "2nite", "because": "cuz", "okay": "k", "see": "c", "great": "gr8", "love": "luv",
    "what": "wat", "be": "b", "and": "n", "thanks": "thx", "people": "ppl", "message": "msg",
    "with": "wid", "the": "da", "have": "hv", "i'm": "im",
}  # fmt: skip
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
    """All in lower case."""
    return text.lower()


def shouting(text: str, _: int) -> str:
    """All in capitals."""
    return text.upper()


def abbreviated(text: str, _: int) -> str:
    """Common words in their short spelling."""
    return WORD.sub(lambda match: SHORT[match[0].lower()], text)


def swapped(text: str, place: int) -> str:
    """Two neighbouring characters swapped."""
    i = place % max(len(text) - 1, 1)
    return text[:i] + text[i + 1 : i + 2] + text[i : i + 1] + text[i + 2 :]


def dropped(text: str, place: int) -> str:
    """One character missing."""
    i = place % max(len(text), 1)
    return text[:i] + text[i + 1 :]


def drawn_out(text: str, place: int) -> str:
    """The last vowel longer."""
    return LAST_VOWEL.sub(lambda match: match[0] * (2 + place % 4), text, count=1)


def unpunctuated(text: str, _: int) -> str:
    """No apostrophes, commas and full stops."""
    return text.replace("'", "").replace(",", "").replace(".", "")


def with_tail(text: str, place: int) -> str:
    """Something at the end that many people always write."""
    return text + TAILS[place % len(TAILS)]


HABITS = (
    in_lower_case, in_lower_case, shouting, abbreviated, abbreviated, swapped, dropped, drawn_out, unpunctuated,
    with_tail, with_tail,
)  # fmt: skip
