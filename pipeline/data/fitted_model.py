"""A fitted model as data, which tasks hand over in place of a pickle."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.data.arrays import pack_strings, unpack_strings
from pipeline.records.training import FittedDescription

_OF_ESTIMATOR = "estimator."


@dataclass(frozen=True)
class FittedModel:
    """What `pipeline.training.rebuild` makes a scikit-learn pipeline from.

    Attributes
    ----------
    terms
        The n-grams that count, in the order of the columns.
    idf
        float64 [n_terms].
    estimator
        The arrays that fitting set on the classifier, by attribute.
    """

    description: FittedDescription
    terms: tuple[str, ...]
    idf: np.ndarray
    estimator: Mapping[str, np.ndarray]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return plain arrays for an npz file."""
        description = np.frombuffer(self.description.to_json(), dtype=np.uint8)
        arrays = {
            "description": description,
            "terms": pack_strings(self.terms),
            "idf": self.idf,
        }
        for name, array in self.estimator.items():
            arrays[_OF_ESTIMATOR + name] = array
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "FittedModel":
        """Return the model of the arrays that `to_arrays` returned.

        Raises
        ------
        ArtefactError
            The description is not what this version writes.
        KeyError
            An array is missing.
        """
        estimator: dict[str, np.ndarray] = {}
        for name, array in arrays.items():
            if name.startswith(_OF_ESTIMATOR):
                estimator[name.removeprefix(_OF_ESTIMATOR)] = array
        return cls(
            description=FittedDescription.from_json(arrays["description"].tobytes()),
            terms=unpack_strings(arrays["terms"]),
            idf=arrays["idf"],
            estimator=estimator,
        )
