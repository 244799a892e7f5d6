"""The run manifest, the summary of a night on a terminal, and its report as pages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "diff": ["with_drift"],
        "compare": ["compare_models"],
        "outcome": ["outcome"],
        "run_manifest": ["FORMAT", "environment", "run_manifest", "task_name"],
        "key_figures": ["key_figures"],
        "html.pages": ["night_report", "nights_page"],
        "terminal": ["show"],
    },
)
