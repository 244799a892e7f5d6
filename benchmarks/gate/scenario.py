"""What happens on each of thirty nights, and what a careful person would decide."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Decision(StrEnum):
    """What becomes of a night's model."""

    PUBLISHED = "published"
    REFUSED = "refused"
    OVERRIDDEN = "overridden"


class AddedRule(NamedTuple):
    """A rule that is added to those of the pack."""

    label: str
    weight: float
    pattern: str


@dataclass(frozen=True)
class Scene:
    """One night.

    Attributes
    ----------
    before
        What happened before it, in words.
    expected
        What a careful person would do with its model.
    statements
        SQL that runs before the night; ``%(noon)s`` is noon of the night.
    rule
        Added to the pack for this night.
    patches
        Of this night's configuration; ``{date}`` is its date.
    rollback
        The night whose model is published again before this one.
    same_date
        It is another run of the night before.
    shown
        A browser looks at its report.
    """

    before: str = "a day's new messages"
    expected: Decision = Decision.PUBLISHED
    statements: tuple[str, ...] = ()
    rule: AddedRule | None = None
    patches: tuple[str, ...] = ()
    rollback: int | None = None
    same_date: bool = False
    shown: bool = False


VENDOR_MESSAGES = 2_500  # of the new template
NEW_TEMPLATE = f"""
    INSERT INTO messages (key, body, sender, received_at)
    SELECT 'velo-' || n,
           'Your Velo parcel ' || 48210000 + n || ' has been handed to the courier and '
           || 'will be delivered to '
           || (ARRAY['Leeds', 'Pune', 'Lagos', 'Accra'])[1 + n %% 4]
           || ' between 10 and 12.',
           'VELO', %(noon)s
    FROM generate_series(1, {VENDOR_MESSAGES}) n
"""
REMOVE_HALF = (
    "CREATE TABLE away AS SELECT * FROM messages WHERE hashtext(key) %% 2 = 0",
    "DELETE FROM messages USING away WHERE messages.key = away.key",
)
RESTORE_HALF = ("INSERT INTO messages SELECT * FROM away", "DROP TABLE away")
LURES = "prize|win|won|winner|claim|free|offer|bonus|cash|loan|click|urgent|award"
ADD_CORRECTIONS = f"""
    INSERT INTO reviews (message_key, label, source, reviewed_at)
    SELECT key, 'personal', 'correction', %(noon)s FROM messages
    WHERE body ~* '\\m({LURES})\\M' AND received_at < %(noon)s
          AND key NOT IN (SELECT message_key FROM reviews)
"""
REMOVE_CORRECTIONS = ("DELETE FROM reviews WHERE source = 'correction'",)
POISON_REVIEWS = (
    "CREATE TABLE right_reviews AS SELECT * FROM reviews WHERE label = 'spam'",
    "UPDATE reviews SET label = 'personal' WHERE label = 'spam'",
)
RESTORE_REVIEWS = (
    """
    UPDATE reviews SET label = 'spam' FROM right_reviews r
    WHERE reviews.message_key = r.message_key
          AND reviews.source = r.source AND reviews.annotator = r.annotator
    """,
    "DROP TABLE right_reviews",
)
REMOVE_SENDERS = (
    "CREATE TABLE senders AS SELECT key, sender FROM messages",
    "UPDATE messages SET sender = NULL",
)
RESTORE_SENDERS = (
    "UPDATE messages SET sender = s.sender FROM senders s WHERE messages.key = s.key",
    "DROP TABLE senders",
)
CREEPING = "spam poisoned bit by bit: a personal rule matches "


def whitelist(words: str) -> AddedRule:
    """Return a rule that makes messages with a word personal against other rules."""
    return AddedRule("personal", 8, rf"\b(?:{words})\b")


def thirty_nights() -> list[Scene]:
    """Return the nights in order; the override is a second run of the night before."""
    refused = Decision.REFUSED
    return [
        Scene("the first night"),
        Scene(),
        Scene(),
        Scene(),
        Scene(
            "a rule edit that is right: two phrases of notifications",
            rule=AddedRule("notification", 1, r"\b(?:meter reading|boarding group)\b"),
        ),
        Scene(
            "a rule edit that makes labels worse: a spam rule matches every *you*",
            expected=refused,
            rule=AddedRule("spam", 3, r"\b(?:you|u|your|ur)\b"),
            shown=True,
        ),
        Scene("the edit undone"),
        Scene(
            "a smaller bad edit: a spam rule matches *call*, *later* and *home*",
            expected=refused,
            rule=AddedRule("spam", 3, r"\b(?:call|later|home)\b"),
            shown=True,
        ),
        Scene("the edit undone"),
        Scene(
            f"a vendor's new template: {VENDOR_MESSAGES:,} notifications of one "
            "kind in a day",
            expected=refused,
            statements=(NEW_TEMPLATE,),
            shown=True,
        ),
        Scene(
            "the same night, after somebody looked: an override",
            expected=Decision.OVERRIDDEN,
            patches=(
                "release.gate.override.night={date}",
                "release.gate.override.reason="
                "Velo is a new customer and its messages are here to stay",
            ),
            same_date=True,
            shown=True,
        ),
        Scene(),
        Scene(),
        Scene(
            "half of the rows are missing",
            expected=refused,
            statements=REMOVE_HALF,
            shown=True,
        ),
        Scene("the rows are back", statements=RESTORE_HALF),
        Scene(
            "a poisoned spam label: a personal rule matches words that lure",
            expected=refused,
            rule=whitelist(LURES),
            shown=True,
        ),
        Scene("the rule removed"),
        Scene(
            "poisoned reviews: all that said spam say personal; they measure, and do "
            "not train",
            # Not because the model is bad: nobody can tell whether it is.
            expected=refused,
            statements=POISON_REVIEWS,
            shown=True,
        ),
        Scene("the reviews restored", statements=RESTORE_REVIEWS),
        Scene(
            "poisoned corrections, which train: messages with words that lure are "
            "called personal",
            expected=refused,
            statements=(ADD_CORRECTIONS,),
            patches=(
                # `truth` and `load` are the sources of the reviews of both corpora.
                "evaluation.sources=[truth, load, correction]",
                "training.reviews.sources=[correction]",
            ),
            shown=True,
        ),
        Scene("the corrections removed", statements=REMOVE_CORRECTIONS),
        Scene(),
        Scene(f"{CREEPING}*prize*", expected=refused, rule=whitelist("prize")),
        Scene(
            f"{CREEPING}*claim* too", expected=refused, rule=whitelist("prize|claim")
        ),
        Scene(
            f"{CREEPING}*win* too",
            expected=refused,
            rule=whitelist("prize|claim|win|won|winner"),
        ),
        Scene(
            f"{CREEPING}*free* too",
            expected=refused,
            rule=whitelist("prize|claim|win|won|winner|free"),
            shown=True,
        ),
        Scene(
            "a rollback to the model of night 21; the rule removed",
            rollback=21,
            shown=True,
        ),
        Scene(),
        Scene(
            "senders are lost: the column is empty",
            expected=refused,
            statements=REMOVE_SENDERS,
            shown=True,
        ),
        Scene("the senders are back", statements=RESTORE_SENDERS),
        Scene(),
    ]
