"""Cases of decoding: one sparsifier of each kind, and the error bound of float32 storage."""

from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

CAPTURED = (1.0, 2.0, 4.0, 8.0, 20.0)
TOPK = TopK(k=5, temperatures=CAPTURED)
SAMPLE = Sample(samples=20, temperature=2.0)
THRESHOLD = Threshold(entries=12.0, tau=0.03, temperature=2.0)
FIXED = FixedThreshold(k=6, temperature=2.0)

UNBIASED: list[Sparsifier] = [SAMPLE, THRESHOLD, FIXED]
KINDS: list[Sparsifier] = [Full(), TOPK, *UNBIASED]

# The relative error of heads in float32 is 2^-24; the teacher's p has this error and that of sums.
FLOAT32 = 1e-6
