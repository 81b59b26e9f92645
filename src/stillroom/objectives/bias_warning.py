"""Bias warning: what a run says before it trains on targets that would bias its loss.

names of the terms, treatment of the missing mass, missing probability ──bias_warning──> text
"""

from stillroom.objectives.term_registry import UNBIASED

# These terms define their own treatment of the missing mass.
OWN_TREATMENT = ("dkd", "decoupled_topk")

# A smaller missing probability is within the rounding of float32 and of the codec.
NEGLIGIBLE = 1e-4


def bias_warning(names: list[str], missing: str, lacking: float) -> str | None:
    """Return a warning about the bias of terms on a target; None where there is no bias.

    Args:
        names: the names of the terms.
        missing: as in `soft_term`.
        lacking: the average probability that the target does not hold; not used for unbiased
            targets.
    """
    if missing == UNBIASED:
        curved = [name for name in names if name != "forward_kl"]
        if curved:
            return (
                f"{', '.join(curved)}: biased on sampled soft labels, because the loss is not "
                "linear in them. Only forward_kl is unbiased on sampled soft labels."
            )
        return None
    treated = [name for name in names if name not in OWN_TREATMENT]
    if lacking < NEGLIGIBLE or missing == "tail_bucket" or not treated:
        return None
    fate = "ignored" if missing == "renormalise" else "given to the hard label"
    return (
        f"{lacking:.2%} of the teacher's probability was not stored, and is {fate}. So "
        f"{', '.join(treated)} with objective.missing_mass={missing} is biased. Set "
        "objective.missing_mass=tail_bucket, which is not, or raise softlabels.k to store more."
    )
