"""A set of regular expressions with the semantics of `re`, all of them found in one pass."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "database": ["CompiledRules", "compile_rules"],
        "matcher": ["Engine"],
    },
)
