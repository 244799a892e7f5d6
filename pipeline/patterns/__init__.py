r"""Match a set of regular expressions, with the semantics of `re`, in one pass.

Most expressions are compiled to a Hyperscan database over bytes. `re` confirms the
matches of expressions that Hyperscan can only approximate, and searches for the rest.

Examples
--------
>>> import pandas as pd
>>> from pipeline.patterns import Matcher, Pattern, compile_patterns
>>> patterns = [
...     Pattern("prize", "body", r"\b(?:prize|gift)s?\b"),
...     Pattern("short-code", "sender", r"^\d{5}$"),
... ]
>>> database = compile_patterns(patterns, compile_timeout=10)
>>> matcher = Matcher(patterns, database, search_timeout=1)
>>> messages = pd.DataFrame(
...     {"body": ["Win PRIZES today", "See you"], "sender": ["80888", None]}
... )
>>> matcher.matches(messages).toarray().tolist()
[[True, True], [False, False]]
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "database": [
            "MatchStrategy",
            "PatternDatabase",
            "PatternStrategy",
            "compile_patterns",
        ],
        "hyperscan_engine": ["engine"],
        "matcher": ["Matcher", "PatternTimeout"],
        "pattern": ["Pattern"],
    },
)
