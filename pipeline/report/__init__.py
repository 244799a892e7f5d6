"""The run manifest, and the summary of a night that a person reads."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"manifest": ["environment", "run_manifest"], "summary": ["show"]}
)
