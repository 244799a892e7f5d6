"""Estimate rules' accuracies and messages' labels from agreement among the rules.

A latent-class model. A message has one hidden label y, and each rule that fires on it
is one draw from the rules, a mixture of multinomials (Nigam et al.). By Bayes' theorem
rule j is drawn with

    P(j | y) = f[j] P(y | j) / sum_k f[k] P(y | k),

where f[j] is the number of messages that it fires on. As in data programming (Ratner et
al.) a rule has one parameter only, its accuracy P(own label | j), with a Beta prior
that favours its own label; the other labels share the rest in proportion to their
frequency. The frequency of labels is what the labels at the start say; it is not
estimated again.

Why this model, of those tried. With a Bernoulli for each rule, silence counts as
evidence, and one label becomes that of the messages on which many rules fire together.
Odds of accuracies without the sum in the denominator let a label with many or
correlated rules swallow the others. A free P(j | y) for every pair, or frequencies that
move with the fit, let a label that hardly occurs take half of another one. The model
here stays beside the majority on a good pack and well above it on one with rules that
say nothing. Rules that repeat each other are counted as if they were independent: what
they agree on gets a posterior that is too sure.

No maintained library fits. Dawid-Skene of crowd-kit is for annotators who answer with
any of the labels: one who can only ever give one answer gives it whatever the truth is,
which says nothing there. Snorkel's model needs torch, skweak's needs spaCy.

References
----------
Dawid and Skene, Applied Statistics 28, 1979. Nigam, McCallum, Thrun and Mitchell,
Machine Learning 39, 2000. Ratner et al., NIPS 2016.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from pipeline.statistics.latent_class import (
    DEFAULTS,
    Fit,
    Options,
    label_frequencies,
    largest_change,
    maximise_expectation,
    posterior_of,
)


@dataclass(frozen=True)
class LabelModel:
    """What was estimated.

    Attributes
    ----------
    accuracies
        float64 [n_rules], the probability that a message on which the rule fires has
        the rule's label, as the mean of its Beta posterior: drawn to 0.8 where the rule
        fires seldom; nan if it never fires.
    posterior
        float64 [n_patterns, n_labels], the probability of each label; rows add up to 1,
        or are 0 where no rule fires.
    """

    accuracies: np.ndarray
    posterior: np.ndarray


@dataclass(frozen=True)
class _Votes:
    """Distinct patterns of votes.

    Attributes
    ----------
    fires
        float64 [n_patterns, n_rules], 1 where the rule fires.
    counts
        int64 [n_patterns], the messages that have the pattern.
    is_own
        bool [n_rules, n_labels], whether the label is the rule's.
    frequency
        float64 [n_labels], how frequent each label is.
    """

    fires: sparse.csr_array
    counts: np.ndarray
    is_own: np.ndarray
    frequency: np.ndarray
    options: Options

    @functools.cached_property
    def is_voted_on(self) -> np.ndarray:
        """Whether a rule fires in the pattern, bool [n_patterns]."""
        return self.fires.sum(axis=1) > 0

    @functools.cached_property
    def messages(self) -> np.ndarray:
        """The messages that each rule fires on, float64 [n_rules]."""
        return self.fires.T @ self.counts.astype(np.float64)

    def maximise(self, posterior: np.ndarray) -> np.ndarray:
        """Return each rule's accuracy, in (0, 1), given the labels."""
        per_rule = self.fires.T @ (posterior * self.counts[:, None])
        right, wrong = self.options.right, self.options.wrong
        return (per_rule[self.is_own] + right) / (per_rule.sum(axis=1) + right + wrong)

    def expect(self, accuracies: np.ndarray) -> np.ndarray:
        """Return each pattern's labels, given the rules' accuracies."""
        others = np.where(self.is_own, 0, self.frequency)
        others /= others.sum(axis=1, keepdims=True)
        accuracy = accuracies[:, None]
        label_given_rule = np.where(self.is_own, accuracy, (1 - accuracy) * others)
        # f[j] is the same for every label, so it matters in the denominator only.
        denominator = self.messages @ label_given_rule
        log_likelihood = np.log(label_given_rule) - np.log(denominator)
        posterior = posterior_of(np.log(self.frequency) + self.fires @ log_likelihood)
        return posterior * self.is_voted_on[:, None]


def fit(
    incidence: sparse.csr_array,
    counts: np.ndarray,
    rule_labels: np.ndarray,
    n_labels: int,
    start: np.ndarray,
    options: Options = DEFAULTS,
) -> LabelModel:
    """Return the label model of a night; equal input gives equal output.

    The iteration ends when the accuracies change no more.

    Parameters
    ----------
    incidence
        bool [n_patterns, n_rules], which rules fire in each distinct pattern of votes.
    counts
        int64 [n_patterns], the messages that have the pattern.
    rule_labels
        int64 [n_rules], the index of each rule's label.
    n_labels
        2 or more.
    start
        int64 [n_patterns], the label to begin from, the weighted majority's; where it
        is -1 the pattern takes no part in the first step. Its shares of the messages
        are the frequency of the labels.
    """
    fires = sparse.csr_array(incidence, dtype=np.float64)
    fires.eliminate_zeros()
    # An index of -1 selects the last row, which has no label.
    one_label = np.eye(n_labels + 1)[start, :n_labels]
    posterior = one_label * (fires.sum(axis=1) > 0)[:, None]
    votes = _Votes(
        fires=fires,
        counts=counts,
        is_own=np.eye(n_labels, dtype=bool)[rule_labels],
        frequency=label_frequencies(counts @ posterior, options),
        options=options,
    )
    if not votes.is_voted_on.any():
        return LabelModel(np.full(len(rule_labels), np.nan), posterior)
    unknown = np.full(len(rule_labels), np.inf)  # the first step never is the last
    fitted = maximise_expectation(
        Fit(unknown, posterior),
        votes.maximise,
        votes.expect,
        _change_of_accuracies,
        options,
    )
    accuracies = np.where(votes.messages > 0, fitted.parameters, np.nan)
    return LabelModel(accuracies, fitted.posterior)


def _change_of_accuracies(before: Fit[np.ndarray], after: Fit[np.ndarray]) -> float:
    return largest_change(before.parameters, after.parameters)
