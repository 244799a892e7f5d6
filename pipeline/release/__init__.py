"""Whether tonight's model replaces the published one."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checks": ["Measurements"],
        "comparison": ["Evidence"],
        "contenders": ["Contender", "Opponents", "PublishedModel", "model_traits"],
        "decision": ["judge"],
        "latency": ["measure_latency"],
        "notices": ["gate_warnings", "notices"],
    },
)
