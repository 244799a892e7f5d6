"""Every vote of the engine beside that of `re`. Run as ``python -m benchmarks.votes``.

The rules are the pack's and the public patterns that `re` compiles; the messages are all public ones, and some that
no person would write.
"""

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import corpus, machine, models, results
from pipeline.config.settings import Rule
from pipeline.patterns import Matcher, PatternDatabase, compile_patterns
from pipeline.rules import rule_patterns

PROCESSES = 2
PART = 500  # messages that a process compares at a time
# What is equal without case, white space, breaks words or ends lines in `re` alone, or is more than one byte or unit.
ODD = "\u0130\u0131\u017f\u212a\u03c2\u00df\u01c5\u1e9e\ufb01\u00b5\u0345 \u00a0\u1680\u2028\u2029\u200b\u200d\x85\x1c"
ODD += "\0\r\n\t\v\u0660\u0967\uff11\u00b2\u00bd\u20b9\u00a3\u0301\ufe0f\U0001f600\U0001d400\u4e2d\u0915\u0430\u0410-"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--nasty", type=int, default=20_000, help="messages that no person would write"
    )
    arguments.add_argument(
        "--most", type=int, help="no more than so many public messages"
    )
    chosen = arguments.parse_args()
    rules = _rules()
    timeout = models.settings().labelling.engine.compile_timeout_seconds
    database = compile_patterns(rule_patterns(rules), timeout)
    public = {
        name: list(dict.fromkeys(texts))[: chosen.most]
        for name, texts in corpus.public().items()
    }
    everything = [text for texts in public.values() for text in texts]
    messages = {**public, "nasty": list(_nasty(everything, rules, chosen.nasty))}
    counted = {
        name: _compared(rules, database, texts, name)
        for name, texts in messages.items()
    }
    result = {
        "machine": machine.describe("hyperscan"),
        "rules": {
            "pack": sum(rule.why != "public" for rule in rules),
            "public": sum(r.why == "public" for r in rules),
        },
        "strategies": dict(Counter(each.strategy for each in database.strategies)),
        "messages": {name: len(texts) for name, texts in messages.items()},
        "votes": {
            name: {"matched": matched, "differing": wrong}
            for name, (matched, wrong) in counted.items()
        },
    }
    results.write("votes", result, tables(result))


def _rules() -> list[Rule]:
    """All rules of the pack, then the public patterns."""
    public = (
        Rule(id=f"public-{n}", label="spam", pattern=found, why="public")
        for n, found in enumerate(corpus.patterns())
    )
    return [*models.settings().labelling.rules, *public]


def _nasty(texts: Sequence[str], rules: Sequence[Rule], total: int) -> Iterator[str]:
    """Messages cut, joined, doubled, and strewn with odd characters and with pieces of the patterns themselves."""
    chance = random.Random(corpus.SEED)
    pieces = [piece for rule in rules for piece in re.findall(r"\w{2,}", rule.pattern)]
    for _ in range(total):
        text = list(chance.choice(texts)[: chance.randint(0, 300)])
        for _ in range(chance.randint(1, 12)):
            made = chance.choice(
                (
                    chance.choice(ODD),
                    chr(chance.randrange(0xD800)),
                    chance.choice(pieces),
                )
            )
            made = chance.choice((str.upper, str.lower, str.swapcase, str))(made)
            text.insert(
                chance.randint(0, len(text)), made * chance.choice((1, 1, 1, 40))
            )
        yield "".join(text)


def _compared(
    rules: Sequence[Rule], database: PatternDatabase, texts: list[str], name: str
) -> tuple[int, int]:
    """How many of the votes are matches by `re`, and how many differ."""
    matched = differing = done = 0
    parts = [texts[start : start + PART] for start in range(0, len(texts), PART)]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("fork")) as pool:
        for part, (found, wrong) in zip(
            parts, pool.map(partial(_part, rules, database), parts), strict=True
        ):
            matched, differing, done = (
                matched + found,
                differing + wrong,
                done + len(part),
            )
            print(
                f"{name}: {done:,} of {len(texts):,}, {differing:,} votes differ",
                file=sys.stderr,
            )
    return matched, differing


def _part(
    rules: Sequence[Rule], database: PatternDatabase, texts: list[str]
) -> tuple[int, int]:
    engine = models.settings().labelling.engine
    matcher = Matcher(
        rule_patterns(rules),
        database,
        compile_timeout=engine.compile_timeout_seconds,
        search_timeout=engine.search_timeout_seconds,
    )
    # Rules on the sender are asked about the same texts.
    table = pd.DataFrame({"body": texts, "sender": texts}).astype("str")
    ours = matcher.matches(table).toarray()
    searches = [re.compile(rule.pattern, re.IGNORECASE).search for rule in rules]
    theirs = np.array(
        [[search(text) is not None for search in searches] for text in texts]
    )
    return int(theirs.sum()), int((ours != theirs).sum())


def tables(result: dict[str, Any]) -> str:
    """The result in Markdown."""
    rules, total = result["rules"], sum(result["rules"].values())
    strategies = ", ".join(
        f"{count:,} {strategy}"
        for strategy, count in sorted(result["strategies"].items())
    )
    rows = [
        [
            name,
            f"{count:,}",
            f"{count * total:,}",
            f"{votes['matched']:,}",
            f"{votes['differing']:,}",
        ]
        for (name, count), votes in zip(
            result["messages"].items(), result["votes"].values(), strict=True
        )
    ]
    return "\n\n".join(
        [
            f"{rules['pack']:,} rules of the pack and {rules['public']:,} public patterns: {strategies}.",
            results.table(
                (
                    "distinct messages",
                    "messages",
                    "votes",
                    "matches",
                    "votes unlike re's",
                ),
                rows,
            ),
        ]
    )


if __name__ == "__main__":
    main()
