"""Every vote of our engine beside that of `re`.

The rules are the pack's and the public patterns that `re` compiles. The messages are
all public ones, and hostile ones that no person would write.
"""

import argparse
import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import pandas as pd

from benchmarks.harness import command, corpus, machine, models
from benchmarks.harness.results import write_result
from benchmarks.labelling.engines import PROCESSES, search_re
from benchmarks.labelling.records import ComparedVotes, VotesResult
from benchmarks.labelling.tables import votes_tables
from pipeline.config.settings import Rule
from pipeline.patterns import Matcher, PatternDatabase, compile_patterns
from pipeline.rules import rule_patterns

PART_MESSAGES = 500  # that a process compares at a time
MAX_KEPT = 300  # characters of a public message in a hostile one
MAX_INSERTED = 12
REPEATS = (1, 1, 1, 40)
# Characters that are equal without case, white space, break words or end lines in `re`
# alone, or are more than one byte or code unit.
ODD_CHARACTERS = (
    "\u0130\u0131\u017f\u212a\u03c2\u00df\u01c5\u1e9e\ufb01\u00b5\u0345 \u00a0"
    "\u1680\u2028\u2029\u200b\u200d\x85\x1c\0\r\n\t\v\u0660\u0967\uff11\u00b2\u00bd"
    "\u20b9\u00a3\u0301\ufe0f\U0001f600\U0001d400\u4e2d\u0915\u0430\u0410-"
)


def main() -> None:
    """Compare the votes, and write ``votes.json``."""
    arguments = _parse_arguments()
    pack = models.default_settings().labelling.rules
    public = corpus.public_rules()
    rules = [*pack, *public][: arguments.rules]
    timeout = models.default_settings().labelling.engine.compile_timeout_seconds
    database = compile_patterns(rule_patterns(rules), timeout)
    messages = {}
    for source, texts in corpus.public_texts().items():
        distinct = list(dict.fromkeys(texts))
        messages[source] = distinct[: arguments.messages]
    all_public = list(itertools.chain.from_iterable(messages.values()))
    messages["hostile"] = list(_hostile_texts(all_public, rules, arguments.hostile))
    votes = {
        source: _compare(rules, database, texts, source)
        for source, texts in messages.items()
    }
    strategies = Counter(str(pattern.strategy) for pattern in database.strategies)
    n_public = max(0, len(rules) - len(pack))
    result = VotesResult(
        run=machine.describe_run("hyperscan"),
        rules={"pack": len(rules) - n_public, "public": n_public},
        strategies=dict(strategies),
        votes=votes,
    )
    write_result("votes", result, arguments.output)
    print(votes_tables(result))


def _hostile_texts(
    texts: Sequence[str], rules: Sequence[Rule], total: int
) -> Iterator[str]:
    """Yield cut messages with odd characters and pieces of the patterns in them."""
    rng = random.Random(corpus.SEED)
    pieces: list[str] = []
    for rule in rules:
        pieces += re.findall(r"\w{2,}", rule.pattern)
    changes_of_case = (str.upper, str.lower, str.swapcase, str)
    for _ in range(total):
        text = list(rng.choice(texts)[: rng.randint(0, MAX_KEPT)])
        for _ in range(rng.randint(1, MAX_INSERTED)):
            odd = rng.choice(ODD_CHARACTERS)
            random_character = chr(rng.randrange(0xD800))
            piece = rng.choice(pieces)
            inserted = rng.choice((odd, random_character, piece))
            inserted = rng.choice(changes_of_case)(inserted)
            position = rng.randint(0, len(text))
            text.insert(position, inserted * rng.choice(REPEATS))
        yield "".join(text)


def _compare(
    rules: Sequence[Rule], database: PatternDatabase, texts: list[str], source: str
) -> ComparedVotes:
    """Count the votes that are matches by `re`, and those of our engine that differ."""
    matched = 0
    differing = 0
    compared = 0
    parts = [
        texts[start : start + PART_MESSAGES]
        for start in range(0, len(texts), PART_MESSAGES)
    ]
    compare_part = partial(_compare_part, rules, database)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("fork")) as pool:
        counts = pool.map(compare_part, parts)
        for part, (part_matched, part_differing) in zip(parts, counts, strict=True):
            matched += part_matched
            differing += part_differing
            compared += len(part)
            command.log(
                f"{source}: {compared:,} of {len(texts):,} messages compared, "
                f"{differing:,} votes differ"
            )
    return ComparedVotes(messages=len(texts), matched=matched, differing=differing)


def _compare_part(
    rules: Sequence[Rule], database: PatternDatabase, texts: list[str]
) -> tuple[int, int]:
    """Return how many votes are matches by `re`, and how many differ."""
    settings = models.default_settings().labelling.engine
    matcher = Matcher(
        rule_patterns(rules),
        database,
        search_timeout=settings.search_timeout_seconds,
    )
    # Rules on the sender search the same texts.
    table = pd.DataFrame({"body": texts, "sender": texts}).astype("str")
    ours = matcher.matches(table).toarray()
    expected = search_re(rules, texts)
    return int(expected.sum()), int(np.count_nonzero(ours != expected))


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.labelling.votes", __doc__)
    command.add_size(parser, "hostile", 20_000, "hostile messages")
    parser.add_argument(
        "--rules", type=int, metavar="N", help="maximum rules (default: all)"
    )
    parser.add_argument(
        "--messages",
        type=int,
        metavar="N",
        help="maximum messages of each public source (default: all)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
