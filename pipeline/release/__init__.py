"""Stage 6: whether tonight's model replaces the published one."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checks": ["describe"],
        "comparison": ["Model", "judge", "published_model", "traits"],
        "notices": ["notices", "warnings"],
        "latency": ["measure_speed"],
    },
)
