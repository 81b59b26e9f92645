"""Stillroom distils large models into small ones.

    ingest -> teachers -> capture -> train -> evaluate -> export -> report

Each arrow is a Kedro pipeline, a DVC stage and a folder of `pipelines/`. Programs of your own use
`from stillroom import softlabels, objectives`, which need neither Kedro nor Hydra.
"""

import os

__version__ = "0.1.0"

# MKL reads this at its first product. Without it, on a CPU with AVX-512, the last bits of a row
# depend on its place in the batch, so a later capture of the row would give other labels.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
