"""The table of the kinds of sparsifiers; `softlabels.sparsifier` and every manifest name one."""

from typing import TYPE_CHECKING

from stillroom.kinds.kind_contract import KindContract
from stillroom.registry import Registry

if TYPE_CHECKING:
    from stillroom.softlabels.sparsify.sparsifier import Sparsifier

REGISTRY: "Registry[type[Sparsifier]]" = Registry(
    "sparsifiers",
    "a sparsifier",
    {
        "full": "stillroom.softlabels.sparsify.kinds.full:Full",
        "topk": "stillroom.softlabels.sparsify.kinds.topk:TopK",
        "threshold": "stillroom.softlabels.sparsify.kinds.threshold:Threshold",
        "threshold_fixed": "stillroom.softlabels.sparsify.kinds.threshold_fixed:FixedThreshold",
        "sample": "stillroom.softlabels.sparsify.kinds.sample:Sample",
    },
    KindContract(
        "stillroom.softlabels.sparsify.sparsifier:Sparsifier",
        options=lambda kind: kind.options(),
        own_name="kind",
    ),
)
