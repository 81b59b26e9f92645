"""Grid: the sparsifiers that a plan compares, from one entry per distribution to every class.

CandidateGrid ──candidates of each kind in the registry──> SparsifierRequest, …
"""

from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
from stillroom.softlabels.sparsify.sparsifier_registry import REGISTRY
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest


def candidates(grid: CandidateGrid) -> list[SparsifierRequest]:
    """Return the sparsifiers to compare, kind by kind, by rising number of entries."""
    return [one for name in REGISTRY for one in REGISTRY.load(name).candidates(grid)]
