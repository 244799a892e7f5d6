"""What happens on each of thirty nights, whatever their messages, and what a careful person would do with its model."""

from dataclasses import dataclass
from typing import NamedTuple

PUBLISHED, REFUSED, OVERRIDDEN = "published", "refused", "overridden"
VENDOR = 2_500  # messages of the new template


class Added(NamedTuple):
    """A rule that is laid beside those of the pack."""

    label: str
    weight: float
    pattern: str


@dataclass(frozen=True)
class Act:
    """One night.

    Attributes
    ----------
    what : happened before it, in words.
    due : what a careful person would do with its model: one of the three words above.
    statements : SQL, done before the night; ``%(noon)s`` is noon of the night.
    rule : added to the pack for this night.
    patches : of this night's configuration; ``%(date)s`` is its date.
    rollback : the night whose model is published again before this one.
    again : it is the night before once more.
    shown : its report is a scenario's, to be looked at.
    """

    what: str = "a day's new messages"
    due: str = PUBLISHED
    statements: tuple[str, ...] = ()
    rule: Added | None = None
    patches: tuple[str, ...] = ()
    rollback: int | None = None
    again: bool = False
    shown: bool = False


NEW_TEMPLATE = f"""
    INSERT INTO messages (key, body, sender, received_at)
    SELECT 'velo-' || n, 'Your Velo parcel ' || 48210000 + n || ' has been handed to the courier and will be delivered '
           || 'to ' || (ARRAY['Leeds', 'Pune', 'Lagos', 'Accra'])[1 + n %% 4] || ' between 10 and 12.', 'VELO', %(noon)s
    FROM generate_series(1, {VENDOR}) n
"""
HALF_AWAY = (
    "CREATE TABLE away AS SELECT * FROM messages WHERE hashtext(key) %% 2 = 0",
    "DELETE FROM messages USING away WHERE messages.key = away.key",
)
HALF_BACK = ("INSERT INTO messages SELECT * FROM away", "DROP TABLE away")
LURES = "prize|win|won|winner|claim|free|offer|bonus|cash|loan|click|urgent|award"
CORRECTIONS = f"""
    INSERT INTO reviews (message_key, label, source, reviewed_at)
    SELECT key, 'personal', 'correction', %(noon)s FROM messages
    WHERE body ~* '\\m({LURES})\\M' AND received_at < %(noon)s AND key NOT IN (SELECT message_key FROM reviews)
"""
SPAM_REVIEWS_WRONG = (
    "CREATE TABLE right_reviews AS SELECT * FROM reviews WHERE label = 'spam'",
    "UPDATE reviews SET label = 'personal' WHERE label = 'spam'",
)
SPAM_REVIEWS_RIGHT = (
    "UPDATE reviews SET label = 'spam' FROM right_reviews r WHERE reviews.message_key = r.message_key"
    " AND reviews.source = r.source AND reviews.annotator = r.annotator",
    "DROP TABLE right_reviews",
)
SENDERS_GONE = (
    "CREATE TABLE senders AS SELECT key, sender FROM messages",
    "UPDATE messages SET sender = NULL",
)
SENDERS_BACK = (
    "UPDATE messages SET sender = s.sender FROM senders s WHERE messages.key = s.key",
    "DROP TABLE senders",
)


def whitelist(words: str) -> Added:
    """A rule that takes what has one of the words for personal, whatever other rules say."""
    return Added("personal", 8, rf"\b(?:{words})\b")


def thirty_nights() -> list[Act]:
    """The nights in order; the one of an override is a second run of the night before it."""
    creeping = "spam poisoned bit by bit: a personal rule takes in "
    return [
        Act("the first night"),
        Act(),
        Act(),
        Act(),
        Act(
            "a rule edit that is right: two phrases of notifications",
            rule=Added("notification", 1, r"\b(?:meter reading|boarding group)\b"),
        ),
        Act(
            "a rule edit that makes labels worse: a spam rule takes in every *you*",
            due=REFUSED,
            rule=Added("spam", 3, r"\b(?:you|u|your|ur)\b"),
            shown=True,
        ),
        Act("the edit undone"),
        Act(
            "a smaller bad edit: a spam rule takes in *call*, *later* and *home*",
            due=REFUSED,
            rule=Added("spam", 3, r"\b(?:call|later|home)\b"),
            shown=True,
        ),
        Act("the edit undone"),
        Act(
            f"a vendor's new template: {VENDOR:,} notifications of one kind in a day",
            due=REFUSED,
            statements=(NEW_TEMPLATE,),
            shown=True,
        ),
        Act(
            "the same night, after somebody looked: an override",
            due=OVERRIDDEN,
            patches=(
                "release.gate.override.night=%(date)s",
                "release.gate.override.reason=Velo is a new customer and its messages are here to stay",
            ),
            again=True,
            shown=True,
        ),
        Act(),
        Act(),
        Act(
            "half of the rows are not there",
            due=REFUSED,
            statements=HALF_AWAY,
            shown=True,
        ),
        Act("the rows are back", statements=HALF_BACK),
        Act(
            "a poisoned spam label: a personal rule takes in what lures",
            due=REFUSED,
            rule=whitelist(LURES),
            shown=True,
        ),
        Act("the rule taken out"),
        Act(
            "poisoned reviews: all that said spam say personal; they measure, and do not train",
            due=REFUSED,  # not that the model were bad: whether it is nobody can tell
            statements=SPAM_REVIEWS_WRONG,
            shown=True,
        ),
        Act("the reviews mended", statements=SPAM_REVIEWS_RIGHT),
        Act(
            "poisoned corrections, which train: what lures is said to be personal",
            due=REFUSED,
            statements=(CORRECTIONS,),
            patches=("training.reviews.sources=[correction]",),
            shown=True,
        ),
        Act(
            "the corrections removed",
            statements=("DELETE FROM reviews WHERE source = 'correction'",),
        ),
        Act(),
        Act(f"{creeping}*prize*", due=REFUSED, rule=whitelist("prize")),
        Act(f"{creeping}*claim* too", due=REFUSED, rule=whitelist("prize|claim")),
        Act(
            f"{creeping}*win* too",
            due=REFUSED,
            rule=whitelist("prize|claim|win|won|winner"),
        ),
        Act(
            f"{creeping}*free* too",
            due=REFUSED,
            rule=whitelist("prize|claim|win|won|winner|free"),
            shown=True,
        ),
        Act(
            "a rollback to the model of night 21; the rule taken out",
            rollback=21,
            shown=True,
        ),
        Act(),
        Act(
            "senders are lost: the column is empty",
            due=REFUSED,
            statements=SENDERS_GONE,
            shown=True,
        ),
        Act("the senders are back", statements=SENDERS_BACK),
        Act(),
    ]
