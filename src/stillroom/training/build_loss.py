"""Build the loss of a fit: an objective and the kind of its soft labels in, a mixture of terms out.

Objective + is_unbiased ──build_mixture──> Mixture;  no objective ──> hard_labels
"""

import logging
from collections.abc import Sequence

from stillroom.config.schema import Objective
from stillroom.objectives.bias_warning import bias_warning
from stillroom.objectives.kinds.build_term import answer_terms, feature_terms, used_terms
from stillroom.objectives.missing_mass_treatment import UNBIASED
from stillroom.objectives.mixture import Mixture, hard_labels
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.job import Fit

_LOG = logging.getLogger(__name__)


def build_loss(fit: Fit, labels: SoftLabelSet | None) -> Mixture:
    """Return the loss that a fit minimises.

    Raises:
        ConfigError: a term cannot be computed from these soft labels.
    """
    if fit.objective is None:
        return hard_labels(fit.label_smoothing)
    if fit.mode == "live" or labels is None:
        return build_mixture(fit.objective, is_unbiased=False)
    return build_mixture(fit.objective, labels.is_unbiased)


def build_mixture(objective: Objective, is_unbiased: bool) -> Mixture:
    """Return the loss that an objective describes.

    Args:
        objective: the objective of the configuration.
        is_unbiased: whether the soft labels are weights whose average is the whole distribution.

    Raises:
        ConfigError: a term cannot be computed from these soft labels.
    """
    missing = UNBIASED if is_unbiased else objective.missing_mass
    return Mixture(
        objective.hard_weight, answer_terms(objective, missing), feature_terms(objective)
    )


def warn_of_bias(fit: Fit, loss: Mixture, targets: Sequence[SoftTarget], is_unbiased: bool) -> None:
    """Log once what is biased about an objective on these soft labels."""
    if fit.objective is None or not loss.temperatures:
        return
    lacking = [float(target.missing(loss.temperatures[-1]).mean()) for target in targets]
    missing = UNBIASED if is_unbiased else fit.objective.missing_mass
    names = list(used_terms(fit.objective, "answers"))
    warning = bias_warning(names, missing, sum(lacking) / len(lacking))
    if warning is not None:
        _LOG.warning(warning)
