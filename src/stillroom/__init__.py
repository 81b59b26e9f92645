"""Stillroom distils large models into small ones.

    ingest -> tutor -> teach -> train -> evaluate -> export -> report

Each arrow is a Kedro pipeline, a DVC stage and a folder of `pipelines/`.
"""

__version__ = "0.1.0"
