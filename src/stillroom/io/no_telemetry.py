"""No telemetry: the switches of dependencies that would send data or write outside of the project.

silence(root) ──environment──> switches off, cache folders inside of .stillroom/cache

Packages read these variables when they are imported, so `silence` comes first: in the settings of
Kedro, in the worker process, and before ONNX Runtime is imported. Processes that we start inherit
the variables. `docs/privacy.md` says what each one is for.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Always set: none of these packages may send anything, whatever the user's own shell says.
SWITCHES: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "DVC_STUDIO_OFFLINE": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",
    "KEDRO_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TRANSFORMERS_OFFLINE": "1",
}
# Cache folders, where the user has not chosen others; without them they lie below the home folder.
CACHE = Path(".stillroom") / "cache"
CACHES: Mapping[str, str] = {
    "DVC_SITE_CACHE_DIR": "dvc",
    "MPLCONFIGDIR": "matplotlib",
    "NUMBA_CACHE_DIR": "numba",
    "TORCHINDUCTOR_CACHE_DIR": "torchinductor",
    "TRITON_CACHE_DIR": "triton",
}


def silence(root: Path | None = None) -> None:
    """Set the variables of this process.

    Args:
        root: the project's folder, for the cache folders; None: a program that only reads models.
    """
    os.environ.update(SWITCHES)
    if root is None:
        return
    for name, folder in CACHES.items():
        os.environ.setdefault(name, str(root / CACHE / folder))


def onnx_runtime() -> Any:
    """Return the module `onnxruntime`, which looks up a host of its maker where it is not told."""
    silence()
    import onnxruntime

    return onnxruntime
