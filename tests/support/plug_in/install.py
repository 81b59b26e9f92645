"""Install the example package: its folder and its metadata, as pip writes them.

stillroom_example/ + entry_points.txt ──install──> a folder for sys.path or PYTHONPATH
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import invalidate_caches
from pathlib import Path

from stillroom.registry import HOMES, registry_of

HERE = Path(__file__).parent
PACKAGE = "stillroom_example"
NAME, VERSION = "stillroom-example", "1.0"


def install(folder: Path, entry_points: str | None = None, name: str = NAME) -> Path:
    """Write the package and its metadata into a folder, and return the folder.

    Args:
        folder: a folder, which becomes an entry of the module search path.
        entry_points: the content of entry_points.txt; None: that of the example package.
        name: the name of the distribution.
    """
    shutil.copytree(HERE / PACKAGE, folder / PACKAGE, dirs_exist_ok=True)
    metadata = folder / f"{name.replace('-', '_')}-{VERSION}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n", encoding="utf-8"
    )
    text = entry_points
    if text is None:
        text = (HERE / "entry_points.txt").read_text(encoding="utf-8")
    (metadata / "entry_points.txt").write_text(text, encoding="utf-8")
    return folder


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """Put an installed folder on the path of this process and of those that it starts.

    The registries look again before and after.
    """
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *filter(None, [before])])
    sys.path.insert(0, str(folder))
    _forget()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
        _forget()


def _forget() -> None:
    invalidate_caches()
    for module in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[module]
    for group in HOMES:
        registry_of(group).__dict__.pop("plug_ins", None)
