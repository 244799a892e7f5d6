"""Stage 2: from messages and rules to votes, labels and a summary of every rule."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "apply": ["apply_rules"],
        "resolve": ["resolve", "resolve_counts", "rule_accuracies"],
        "summary": ["summarise_rules"],
    },
)
