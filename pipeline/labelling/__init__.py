"""From messages and rules to votes, labels, and statistics of every rule."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "apply": ["apply_rules"],
        "resolve": ["ResolutionStage", "resolve_counts", "rule_accuracies"],
        "rule_statistics": ["RuleStatisticsStage"],
    },
)
