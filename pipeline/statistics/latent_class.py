"""Latent-class models: a hidden label for each item, fitted by EM.

The label model of the rules and the consensus of annotators differ in what a label
makes probable. They share the iteration, the priors, and the way from joint
probabilities to a posterior.

References
----------
Dawid and Skene, "Maximum likelihood estimation of observer error-rates using the EM
algorithm", Applied Statistics 28, 1979.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Parameters = TypeVar("Parameters")


@dataclass(frozen=True)
class Options:
    """The prior beliefs, and when the iteration ends.

    Attributes
    ----------
    right, wrong
        Counts that are added to the labels of a rule or an annotator. By default an
        unseen one is right in four cases of five, and five messages weigh as much as
        this belief.
    smoothing
        Messages that are added to each label, so that no label becomes impossible.
    max_iterations
        The maximum number of steps; a step is a maximisation and an expectation.
    tolerance
        The iteration ends when no probability changes by more than this.

    Examples
    --------
    >>> Options(max_iterations=10).right
    4.0
    """

    right: float = 4.0
    wrong: float = 1.0
    smoothing: float = 1.0
    max_iterations: int = 500
    tolerance: float = 1e-6


DEFAULTS = Options()


@dataclass(frozen=True)
class Fit(Generic[Parameters]):
    """The state of the iteration.

    Attributes
    ----------
    parameters
        The result of the last maximisation.
    posterior
        float64 [n_items, n_labels], the probability of each label of each item.

    Examples
    --------
    >>> Fit(parameters="any", posterior=np.array([[0.5, 0.5]])).posterior.shape
    (1, 2)
    """

    parameters: Parameters
    posterior: np.ndarray


def maximise_expectation(
    start: Fit[Parameters],
    maximise: Callable[[np.ndarray], Parameters],
    expect: Callable[[Parameters], np.ndarray],
    change: Callable[[Fit[Parameters], Fit[Parameters]], float],
    options: Options,
) -> Fit[Parameters]:
    """Return the fit at which a step changes less than the tolerance.

    Parameters
    ----------
    start
        Its parameters are used by ``change`` alone.
    maximise
        Returns the parameters, given a posterior.
    expect
        Returns the posterior, given parameters.
    change
        Returns the largest change between two fits.

    Examples
    --------
    The frequency of two labels, where the second item has the first label for sure:

    >>> def maximise(posterior):
    ...     return label_frequencies(posterior.sum(axis=0), DEFAULTS)
    >>> def expect(frequency):
    ...     return np.array([frequency, [1.0, 0.0]])
    >>> def change(before, after):
    ...     return largest_change(before.posterior, after.posterior)
    >>> start = Fit(np.array([0.5, 0.5]), np.array([[0.5, 0.5], [1.0, 0.0]]))
    >>> fitted = maximise_expectation(start, maximise, expect, change, DEFAULTS)
    >>> fitted.parameters.round(3)
    array([0.667, 0.333])
    """
    fit = start
    for _ in range(options.max_iterations):
        parameters = maximise(fit.posterior)
        next_fit = Fit(parameters, expect(parameters))
        is_final = change(fit, next_fit) < options.tolerance
        fit = next_fit
        if is_final:
            break
    return fit


def posterior_of(log_joint: np.ndarray) -> np.ndarray:
    """Return the probability of each label, float64 [n_items, n_labels].

    Parameters
    ----------
    log_joint
        float64 [n_items, n_labels], the logarithm of each label's joint probability up
        to a constant. The largest of a row is subtracted, so nothing underflows.

    Examples
    --------
    >>> posterior_of(np.log(np.array([[0.1, 0.3]]))).round(2)
    array([[0.25, 0.75]])
    """
    joint = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)


def label_frequencies(messages: np.ndarray, options: Options) -> np.ndarray:
    """Return how frequent each label is, float64 [n_labels].

    Parameters
    ----------
    messages
        float64 [n_labels], the messages of each label; they need not be whole numbers.

    Examples
    --------
    >>> label_frequencies(np.array([3.0, 5.0]), Options(smoothing=1.0))
    array([0.4, 0.6])
    """
    smoothed = messages + options.smoothing
    return smoothed / smoothed.sum()


def largest_change(before: np.ndarray, after: np.ndarray) -> float:
    """Return the largest absolute difference of two arrays.

    Examples
    --------
    >>> largest_change(np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    0.25
    """
    return float(np.abs(after - before).max())
