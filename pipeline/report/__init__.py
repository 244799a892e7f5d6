"""The run manifest, the summary of a night on a terminal, and its report as pages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "changes": ["differences", "with_drift"],
        "compare": ["compare_models"],
        "decision": ["outcome"],
        "manifest": ["FORMAT", "environment", "run_manifest", "task_name"],
        "nights": ["key_figures"],
        "pages": ["night_report", "nights_page"],
        "summary": ["show"],
    },
)
