"""How reliable each rule is, and what a message's label then is, estimated from agreement among the rules alone.

A latent-class model fitted by expectation maximisation (Dawid & Skene, Applied Statistics 28, 1979). A message has one
hidden label y, and each rule that fires on it is one draw from the rules, a mixture of multinomials (Nigam, McCallum,
Thrun & Mitchell, Machine Learning 39, 2000). By Bayes' theorem rule j is drawn with

    P(j | y) = f[j] P(y | j) / sum_k f[k] P(y | k),

where f[j] is how many messages it fires on. As in data programming (Ratner et al., NIPS 2016) a rule has one parameter
only, its accuracy P(own label | j), with a Beta prior that favours its own label; the other labels share the rest in
proportion to how frequent they are. How frequent is what the labels at the start say, and is not estimated again.

Why this one, of those tried. With a Bernoulli for each rule, silence counts as evidence, and one label becomes that of
the messages on which many rules fire together. Odds of accuracies without the sum below the line let a label with many
or correlated rules swallow the others. A free P(j | y) for every pair, or frequencies that move with the fit, let a
label that hardly occurs take half of another one. The model here stays beside the majority on a good pack and well
above it on one with rules that say nothing. Rules that repeat each other are counted as if they were independent: what
they agree on gets a posterior that is too sure.

No library that is kept up fits. Dawid-Skene of crowd-kit is for annotators who answer with any of the labels: one who
can only ever give one answer gives it whatever the truth, and so tells nothing there. Snorkel's model needs torch,
skweak's needs spaCy.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

# A rule that was not seen yet is right in four cases of five, and five messages weigh as much as this belief.
RIGHT, WRONG = 4.0, 1.0
SMOOTHING = 1.0  # messages added to each label, so that none becomes impossible
MAX_ITERATIONS = 500
TOLERANCE = 1e-6  # largest change of an accuracy at which the fit ends


@dataclass(frozen=True)
class LabelModel:
    """What was estimated.

    Attributes
    ----------
    accuracies : float64 [n_rules], the probability that a message on which the rule fires has the rule's label, as the
        mean of its Beta posterior: drawn to 0.8 where the rule fires seldom; nan if it never fires.
    posterior : float64 [n_patterns, n_labels], the probability of each label; rows add up to 1, or are 0 where no rule
        fires.
    """

    accuracies: np.ndarray
    posterior: np.ndarray


def fit(
    found: sparse.csr_array,
    counts: np.ndarray,
    rule_labels: np.ndarray,
    n_labels: int,
    start: np.ndarray,
) -> LabelModel:
    """The label model of a night; the same input always gives the same output.

    Parameters
    ----------
    found : bool [n_patterns, n_rules], which rules fire in each distinct pattern of votes.
    counts : int64 [n_patterns], how many messages have the pattern.
    rule_labels : int64 [n_rules], the number of each rule's label.
    n_labels : at least 2.
    start : int64 [n_patterns], the label to begin from, the weighted majority's; where it is -1 the pattern takes no
        part in the first step. Its shares of the messages are how frequent the labels are.
    """
    fires = sparse.csr_array(found, dtype=np.float64)
    fires.eliminate_zeros()
    own = np.eye(n_labels, dtype=bool)[rule_labels]
    messages = fires.T @ counts.astype(np.float64)
    spoken = fires.sum(axis=1) > 0
    posterior = (
        np.eye(n_labels + 1)[start, :n_labels] * spoken[:, None]
    )  # -1 is the last row, which has no label
    prior = counts @ posterior + SMOOTHING
    prior /= prior.sum()
    accuracies = np.full(len(rule_labels), np.inf)
    for _ in range(MAX_ITERATIONS if spoken.any() else 0):
        before = accuracies
        accuracies = _maximise(fires, counts, own, posterior)
        posterior = _expect(fires, messages, own, accuracies, prior) * spoken[:, None]
        if np.abs(accuracies - before).max() < TOLERANCE:
            break
    return LabelModel(np.where(messages > 0, accuracies, np.nan), posterior)


def _maximise(
    fires: sparse.csr_array, counts: np.ndarray, own: np.ndarray, posterior: np.ndarray
) -> np.ndarray:
    """Each rule's accuracy, given the labels: float64 [n_rules], above 0 and below 1."""
    per_rule = fires.T @ (posterior * counts[:, None])
    return (per_rule[own] + RIGHT) / (per_rule.sum(axis=1) + RIGHT + WRONG)


def _expect(
    fires: sparse.csr_array,
    messages: np.ndarray,
    own: np.ndarray,
    accuracies: np.ndarray,
    prior: np.ndarray,
) -> np.ndarray:
    """Each pattern's labels, given the rules, float64 [n_patterns, n_labels]; in logarithms, so nothing underflows."""
    others = np.where(own, 0, prior)
    others /= others.sum(axis=1, keepdims=True)
    label_given_rule = np.where(
        own, accuracies[:, None], (1 - accuracies)[:, None] * others
    )
    # f[j] is the same for every label, so it matters in the sum below the line only.
    likelihood = np.log(label_given_rule) - np.log(messages @ label_given_rule)
    joint = np.log(prior) + fires @ likelihood
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)
