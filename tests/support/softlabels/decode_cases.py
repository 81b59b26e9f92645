"""Cases of decoding: one sparsifier of each kind, and the bound of what is stored in float32."""

from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)

CAPTURED = (1.0, 2.0, 4.0, 8.0, 20.0)
TOPK = TopK(k=5, temperatures=CAPTURED)
SAMPLE = Sample(samples=20, temperature=2.0)
THRESHOLD = Threshold(entries=12.0, tau=0.03, temperature=2.0)
FIXED = FixedThreshold(k=6, temperature=2.0)

UNBIASED: list[Sparsifier] = [SAMPLE, THRESHOLD, FIXED]
KINDS: list[Sparsifier] = [Full(), TOPK, *UNBIASED]

# Heads in float32 are off by 2^-24 of themselves, the teacher's p by as much and its sums'.
FLOAT32 = 1e-6
