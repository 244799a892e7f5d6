"""Rules: their files, which messages they match, and how two packs differ.

The linter in `pipeline.rules.lint` is not part of this face: no night imports it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "patterns": ["RuleMatcher", "rule_patterns"],
    },
)
