"""How fast hundreds of rules are searched, beside what one would write without us."""

import argparse
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from benchmarks.harness import command, corpus, machine, models
from benchmarks.harness.results import Spread, write_result
from benchmarks.labelling import engines
from benchmarks.labelling.records import EngineSpeed, RuleCount, RuleSpeedResult
from benchmarks.labelling.tables import rule_speed_tables
from pipeline.config.settings import Rule

RULE_COUNTS = (50, 100, 300, 1000)
COMPARED_RULES = 300
# The baselines search once for each rule and message, so they get fewer messages.
BASELINE_DIVISOR = 25

Name = TypeVar("Name", str, int)


@dataclass(frozen=True)
class Contestant:
    """An engine, and the messages that it is given."""

    engine: engines.Engine
    texts: Sequence[str]


def main() -> None:
    """Measure the engines, and write ``rule_speed.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(arguments.messages)
    all_rules = _rules(arguments.rules)
    few_texts = drawn.texts[: len(drawn.texts) // BASELINE_DIVISOR]
    compile_seconds = {}
    compiled = {}
    for count in sorted({min(count, len(all_rules)) for count in RULE_COUNTS}):
        started = time.perf_counter()
        compiled[count] = engines.compile_ours(all_rules[:count])
        compile_seconds[count] = time.perf_counter() - started
    rules = all_rules[:COMPARED_RULES]
    ours = compiled[len(rules)]
    contestants = _contestants(rules, ours, drawn.texts, few_texts)
    expected = engines.search_re(rules, few_texts)
    differing = {}
    for name, contestant in contestants.items():
        matches = contestant.engine(few_texts)
        differing[name] = int(np.count_nonzero(matches != expected))
    seconds = _measure(contestants, arguments.rounds)
    growing = {
        count: Contestant(engine, drawn.texts) for count, engine in compiled.items()
    }
    growth_seconds = _measure(growing, arguments.rounds)
    engine_speeds = [
        EngineSpeed(
            name=name,
            messages=len(contestant.texts),
            seconds=seconds[name],
            differing=differing[name],
        )
        for name, contestant in contestants.items()
    ]
    growth = [
        RuleCount(
            rules=count,
            compile_seconds=compile_seconds[count],
            messages=len(drawn.texts),
            seconds=growth_seconds[count],
        )
        for count in compiled
    ]
    result = RuleSpeedResult(
        run=machine.describe_run("hyperscan", "pyarrow", "polars", "pandas"),
        sources=drawn.sources,
        rules=len(rules),
        engines=tuple(engine_speeds),
        growth=tuple(growth),
    )
    write_result("rule_speed", result, arguments.output)
    print(rule_speed_tables(result))


def _rules(maximum: int) -> list[Rule]:
    """Return the pack's rules on the body, then public patterns, up to a maximum."""
    pack = models.default_settings().labelling.rules
    body_rules = [rule for rule in pack if rule.field == "body"]
    return [*body_rules, *corpus.public_rules()][:maximum]


def _contestants(
    rules: Sequence[Rule],
    ours: engines.Engine,
    texts: Sequence[str],
    few_texts: Sequence[str],
) -> dict[str, Contestant]:
    baselines: dict[str, engines.Engine] = {
        "re, one search a rule and message": partial(engines.search_re, rules),
        "pandas str.contains": partial(engines.search_pandas, rules),
        "pyarrow match_substring_regex (RE2)": partial(engines.search_pyarrow, rules),
        "polars str.contains (Rust regex)": partial(engines.search_polars, rules),
    }
    contestants = {
        name: Contestant(engine, few_texts) for name, engine in baselines.items()
    }
    contestants["this engine, one core"] = Contestant(ours, texts)
    in_processes = partial(engines.search_in_processes, ours)
    name = f"this engine, {engines.PROCESSES} cores"
    contestants[name] = Contestant(in_processes, texts)
    return contestants


def _measure(contestants: Mapping[Name, Contestant], rounds: int) -> dict[Name, Spread]:
    """Return the seconds of each contestant, all in turns."""
    seconds: defaultdict[Name, list[float]] = defaultdict(list)
    for turn in range(rounds):
        command.log(f"round {turn + 1} of {rounds}")
        for name, contestant in contestants.items():
            started = time.perf_counter()
            contestant.engine(contestant.texts)
            seconds[name].append(time.perf_counter() - started)
    return {name: Spread.of(measured) for name, measured in seconds.items()}


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.labelling.rule_speed", __doc__)
    command.add_size(parser, "messages", 200_000, "messages for our engine")
    command.add_size(parser, "rules", max(RULE_COUNTS), "maximum rules")
    command.add_rounds(parser, 3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
