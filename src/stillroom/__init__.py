"""Stillroom distils large models into small ones.

    ingest -> teachers -> capture -> train -> evaluate -> export -> report

Each arrow is a Kedro pipeline, a DVC stage and a folder of `pipelines/`.
"""

import os

__version__ = "0.1.0"

# MKL reads this at its first product. Without it a row's last bits depend, with AVX-512, on where
# in a batch the row stands, and labels that are asked for later would not be those asked at once.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
