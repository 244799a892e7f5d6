"""From messages and their labels to cleaned texts and unique, weighted documents."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "clean": ["clean"],
        "evaluation_set": ["EvaluationSetStage"],
        "training_set": ["TrainingSetStage"],
    },
)
