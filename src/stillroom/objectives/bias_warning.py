"""Bias warning: warns of targets that bias the loss, before a run trains on them.

names of the terms, treatment of the missing mass, missing probability ──bias_warning──> text
"""

from stillroom.objectives.kinds.term_kind import AnswerTermKind
from stillroom.objectives.missing_mass_treatment import UNBIASED
from stillroom.objectives.term_registry import REGISTRY

# A smaller missing probability is within the rounding of float32 and of the codec.
NEGLIGIBLE = 1e-4


def bias_warning(names: list[str], missing: str, lacking: float) -> str | None:
    """Return a warning about the bias of terms on a target; None where there is no bias.

    Args:
        names: the names of the terms, which compare answers.
        missing: as in `soft_term`.
        lacking: the average probability that the target does not hold; not used for unbiased
            targets.
    """
    kinds = {name: _kind(name) for name in names}
    if missing == UNBIASED:
        curved = [name for name, kind in kinds.items() if not kind.is_linear]
        if curved:
            return (
                f"{', '.join(curved)}: biased on sampled soft labels, because the loss is not "
                "linear in them. Only forward_kl is unbiased on sampled soft labels."
            )
        return None
    treated = [name for name, kind in kinds.items() if not kind.treats_missing]
    if lacking < NEGLIGIBLE or missing == "tail_bucket" or not treated:
        return None
    fate = "ignored" if missing == "renormalise" else "given to the hard label"
    return (
        f"{lacking:.2%} of the teacher's probability was not stored, and is {fate}. So "
        f"{', '.join(treated)} with objective.missing_mass={missing} is biased. Set "
        "objective.missing_mass=tail_bucket, which is not, or raise softlabels.k to store more."
    )


def _kind(name: str) -> type[AnswerTermKind]:
    kind = REGISTRY.load(name)
    if not issubclass(kind, AnswerTermKind):
        raise TypeError(f"{name} compares features. Give only terms that compare answers.")
    return kind
