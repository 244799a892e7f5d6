"""Training: candidates on folds, the best of them, its cross-validation and final fit.

A document stands for ``weight`` messages. All results equal those of training on the
messages themselves, each document repeated ``weight`` times: document frequencies,
``min_df`` and idf count messages, and scores and objectives weigh by them. Names are
exported lazily: importing this package does not import scikit-learn.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cross_validation": ["cross_validate"],
        "fitting": ["fit"],
        "goals": ["goals_contradicted", "goals_not_shown", "thresholds_of"],
        "handover": ["as_data", "rebuild"],
        "search": ["evaluate_candidate", "select_best"],
    },
)
