"""The form of every sentence that a user can meet: errors, helps and log lines."""

import re
from collections.abc import Callable

import pytest

from nightsieve.cli.main import nightsieve
from tests.support.sentences import (
    BANNED_WORDS,
    Sentence,
    command_helps,
    error_sentences,
    literals,
)

ERRORS = list(error_sentences())
HELPS = list(command_helps(nightsieve))
SENTENCES = [*ERRORS, *HELPS, *literals()]

# How Python shows a value that is unknown; a reader gets a dash.
UNKNOWN = re.compile(r"\b(undefined|nan|None)\b")
# "--date: no date" reads as if there were none. "There is no such run" is right.
NOT_A = re.compile(r"(^|: |(?<!there )\b(is|are) )no (?!such\b|longer\b|more\b)[a-z]")
VALUE = re.compile(r"\{[^{}]*\}")
# What stands before a colon, or a value, an option or a variable of the environment.
PLACE = re.compile(r"^[^:]+: |\{|--[a-z]|[A-Z]+_[A-Z]")
# A later part of an error begins with what to do, or is put in by the program.
REMEDY = re.compile(
    r"(; |\n|, )(if |without )?\b(add|begin|check|choose|complete|convert|copy|correct"
    r"|create|delete|do not|export|fetch|fix|free|give|install|keep|leave|lower|name"
    r"|pass|patch|publish|put|raise|remove|rename|repair|request|restore|run|see|set|start|stop"
    r"|take|try|use|wait|write)\b"
    r"|(; |\n)\{[^{}]*\}$|\{\w*remedy\w*(\(.*\))?\}",
    re.IGNORECASE,
)
LONGEST_ERROR = 260  # characters: two lines

# Sentences that another part of the program completes, and what it adds.
WITHOUT_PLACE = {
    "is not the object that was written": "damage_at adds the address",
    "names a file that is not one of a model": "damage_at adds the address",
    "not read, because rule files end in .yaml; rename the file": "the rule file",
    "must be a list of rules, each with id, pattern and why": "the rule file",
    "holds Python objects, which nothing reads": "damage_at adds the address",
}
WITHOUT_REMEDY = {
    "is not the object that was written": "damage_at adds the address and the remedy",
    "is the entry of model {entry.serial}": "damage_at adds the address and the remedy",
    "holds Python objects, which nothing reads": "damage_at adds the remedy",
    "holds {unpacked} bytes in {len(content)}, which is more than any task writes": (
        "damage_at adds the address and the remedy"
    ),
    "must be a list of rules, each with id, pattern and why": "says what is right",
    "names a file that is not one of a model": "damage_at adds the remedy",
    "is the receipt of {receipt.key}": "damage_at adds the address and the remedy",
    "rule {rule.id}: {timeout}": "SearchTimeout has the remedy",
    "rule {timeout.pattern_id}: {timeout}": "PatternTimeout has the remedy",
    "{path}: {problem}": "the settings' own validator has the remedy",
}


def offenders(sentences: list[Sentence], wrong: Callable[[str], object]) -> list[str]:
    """Return the sentences for whose text ``wrong`` says yes."""
    return [str(sentence) for sentence in sentences if wrong(sentence.text)]


@pytest.mark.parametrize("words", BANNED_WORDS)
def test_words_are_those_of_the_field(words):
    assert not offenders(SENTENCES, re.compile(rf"\b{words}\b").search)


def test_an_unknown_value_is_not_shown_as_python_shows_it():
    shown = [sentence for sentence in SENTENCES if sentence.kind != "literal"]
    assert not offenders(shown, lambda text: UNKNOWN.search(VALUE.sub("{}", text)))


def test_what_is_wrong_is_not_said_as_if_it_were_missing():
    assert not offenders([*ERRORS, *HELPS], NOT_A.search)


def test_an_error_is_at_most_two_lines_without_a_full_stop():
    assert not offenders(ERRORS, lambda text: text.endswith("."))
    assert not offenders(ERRORS, lambda text: text.count("\n") > 1)
    assert not offenders(
        ERRORS, lambda text: len(VALUE.sub("{}", text)) > LONGEST_ERROR
    )


def test_an_error_says_where():
    without_place = {error.text for error in ERRORS if not PLACE.search(error.text)}
    assert without_place == set(WITHOUT_PLACE)


def test_an_error_says_what_to_do():
    without_remedy = {error.text for error in ERRORS if not REMEDY.search(error.text)}
    assert without_remedy == set(WITHOUT_REMEDY)


def test_every_command_and_option_has_a_help_that_is_a_sentence():
    assert not offenders(HELPS, lambda text: not text.strip())
    options = [sentence for sentence in HELPS if sentence.kind == "option"]
    assert not offenders(options, lambda text: not text.rstrip().endswith((".", ")")))
