"""Match rules as patterns, against tables of messages."""

import itertools
from collections.abc import Callable, Sequence

import pandas as pd

from pipeline.config.settings import Engine, Rule
from pipeline.errors import DataError
from pipeline.patterns import Matcher, Pattern, PatternDatabase, PatternTimeout


def rule_patterns(rules: Sequence[Rule]) -> tuple[Pattern, ...]:
    """Return the pattern of each rule, under the rule's id.

    Examples
    --------
    >>> rule = Rule(id="prize", label="spam", pattern="prize", why="Lotteries.")
    >>> rule_patterns([rule])
    (Pattern(id='prize', field='body', expression='prize'),)
    """
    return tuple(Pattern(rule.id, rule.field, rule.pattern) for rule in rules)


class RuleMatcher:
    """Rules, ready to be matched against messages.

    Parameters
    ----------
    database
        Compiled from the `rule_patterns` of these rules.
    engine
        The timeout of a search.

    Examples
    --------
    >>> from pipeline.patterns import compile_patterns
    >>> rules = [
    ...     Rule(id="prize", label="spam", pattern="prize", why="Lotteries."),
    ...     Rule(id="tonight", label="chat", pattern="see you", why="Plans."),
    ... ]
    >>> database = compile_patterns(rule_patterns(rules), compile_timeout=10)
    >>> engine = Engine(compile_timeout_seconds=10, search_timeout_seconds=1)
    >>> matcher = RuleMatcher(rules, database, engine)
    >>> matcher.matching_rules(pd.DataFrame({"body": ["A prize", "Hello", None]}))
    [['prize'], [], []]
    """

    def __init__(
        self, rules: Sequence[Rule], database: PatternDatabase, engine: Engine
    ) -> None:
        self._ids = [rule.id for rule in rules]
        self._matcher = Matcher(
            rule_patterns(rules),
            database,
            search_timeout=engine.search_timeout_seconds,
        )

    def matching_rules(
        self,
        messages: pd.DataFrame,
        progress: Callable[[float], None] | None = None,
    ) -> list[list[str]]:
        """Return the ids of the rules that match each message, in the rules' order.

        Parameters
        ----------
        progress
            Receives the fraction that is done.

        Raises
        ------
        DataError
            The searches for a rule took too long.
        """
        try:
            matches = self._matcher.matches(messages, progress)
        except PatternTimeout as timeout:
            raise DataError(f"rule {timeout.pattern_id}: {timeout}") from None
        ids = [self._ids[index] for index in matches.indices.tolist()]
        bounds = matches.indptr.tolist()
        return [ids[start:end] for start, end in itertools.pairwise(bounds)]
