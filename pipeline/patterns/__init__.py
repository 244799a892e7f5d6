"""Match a set of regular expressions, with the semantics of `re`, in one pass.

Most expressions are compiled to a Hyperscan database over bytes. `re` confirms the
matches of those that Hyperscan can only approximate, and searches for the rest.
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
        "matcher": ["Matcher", "PatternTimeout"],
        "pattern": ["Pattern"],
    },
)
