"""The loss of a fit: an objective and the soft labels at hand in, a mixture of terms out.

Objective + is_unbiased ──mixture──> Mixture;  no objective ──> HardLabels
"""

import logging
from collections.abc import Sequence

from stillroom.config.schema import Objective
from stillroom.objectives.mixture import HardLabels, Loss, Mixture
from stillroom.objectives.soft_target import SoftTarget
from stillroom.objectives.term_registry import UNBIASED, Knobs, bias, feature_term, soft_term
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.job import Fit

_LOG = logging.getLogger(__name__)


def loss_of(fit: Fit, labels: SoftLabelSet | None) -> Loss:
    """Return what a fit minimises.

    Raises:
        ConfigError: a term cannot be had from such soft labels.
    """
    if fit.objective is None:
        return HardLabels(fit.label_smoothing)
    if fit.mode == "live" or labels is None:
        return mixture(fit.objective, is_unbiased=False)
    return mixture(fit.objective, labels.is_unbiased)


def mixture(objective: Objective, is_unbiased: bool) -> Mixture:
    """Return the loss that an objective names.

    Args:
        objective: the configuration's.
        is_unbiased: of the soft labels: weights that stand for a whole distribution on average.

    Raises:
        ConfigError: a term cannot be had from such soft labels.
    """
    knobs = Knobs(objective.skew, objective.js_share, objective.dkd_target, objective.dkd_others)
    missing = UNBIASED if is_unbiased else objective.missing_mass
    return Mixture(
        objective.hard_weight,
        tuple(
            (weight, soft_term(name, objective.temperature, missing, knobs))
            for name, weight in objective.terms.used().items()
        ),
        tuple(
            (weight, feature_term(name, objective.positions))
            for name, weight in objective.terms.used_features().items()
        ),
    )


def warn_of_bias(fit: Fit, loss: Loss, targets: Sequence[SoftTarget], is_unbiased: bool) -> None:
    """Say once what is biased about an objective on the soft labels at hand."""
    if fit.objective is None or not isinstance(loss, Mixture) or not loss.temperatures:
        return
    lacking = [float(target.missing(loss.temperatures[-1]).mean()) for target in targets]
    missing = UNBIASED if is_unbiased else fit.objective.missing_mass
    said = bias(list(fit.objective.terms.used()), missing, sum(lacking) / len(lacking))
    if said is not None:
        _LOG.warning(said)
