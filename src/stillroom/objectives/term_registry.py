"""The table of the terms; the keys of `objective.terms` name them."""

from typing import TYPE_CHECKING

from stillroom.kinds.kind_contract import KindContract
from stillroom.registry import Registry

if TYPE_CHECKING:
    from stillroom.objectives.kinds.term_kind import TermKind

REGISTRY: "Registry[type[TermKind]]" = Registry(
    "terms",
    "a term",
    {
        "forward_kl": "stillroom.objectives.kinds.divergence_kinds:ForwardKL",
        "reverse_kl": "stillroom.objectives.kinds.divergence_kinds:ReverseKL",
        "jensen_shannon": "stillroom.objectives.kinds.divergence_kinds:JensenShannon",
        "skew_kl": "stillroom.objectives.kinds.divergence_kinds:SkewKL",
        "skew_reverse_kl": "stillroom.objectives.kinds.divergence_kinds:SkewReverseKL",
        "dkd": "stillroom.objectives.kinds.decoupled_kinds:DKD",
        "decoupled_topk": "stillroom.objectives.kinds.decoupled_kinds:TopKDecoupled",
        "hidden_mse": "stillroom.objectives.kinds.feature_kinds:HiddenMSEKind",
        "hidden_cosine": "stillroom.objectives.kinds.feature_kinds:HiddenCosineKind",
        "attention_transfer": "stillroom.objectives.kinds.feature_kinds:AttentionTransferKind",
        "rkd_distance": "stillroom.objectives.kinds.feature_kinds:RelationalDistanceKind",
        "rkd_angle": "stillroom.objectives.kinds.feature_kinds:RelationalAngleKind",
        "similarity_preserving": "stillroom.objectives.kinds.feature_kinds:SimilarityKind",
    },
    KindContract("stillroom.objectives.kinds.term_kind:TermKind", options=lambda kind: kind),
)
