"""The run manifest, the summary of a night on a terminal, and its report as pages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "compare": ["Champion", "compare_models"],
        "diff": ["rules_drift"],
        "html.erasure": ["erase_from_page"],
        "html.pages": ["night_report", "nights_page"],
        "junit": ["gate_suite"],
        "key_figures": ["key_figures"],
        "outcome": ["outcome"],
        "run_manifest": ["environment", "run_manifest"],
        "terminal": ["SUMMARY_WIDTH", "NightAddresses", "summary"],
    },
)
