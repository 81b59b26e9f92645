"""The page in a real browser, at the width of a screen and of a telephone: about 5 s in all."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from stillroom.reporting.page import Documents, page

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
# Reports the widest content as the title. It runs beside the page, not in it.
PROBE = """<!doctype html><title>waiting</title>
<iframe id="page" style="border:0;width:{width}px;height:900px" srcdoc="{source}"></iframe>
<script>
const frame = document.getElementById("page");
frame.onload = () => {{
  document.title = "width " + frame.contentDocument.documentElement.scrollWidth;
}};
</script>"""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"
)


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., str]:
    """Run chromium once, with a profile of its own, and return what it printed."""

    def run(*arguments: str) -> str:
        command = [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    return run


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_draws(
    width: int, documents: Documents, tmp_path: Path, browse: Callable[..., str]
) -> None:
    file, picture = tmp_path / "report.html", tmp_path / "report.png"
    file.write_text(page(documents), encoding="utf-8")
    browse(f"--window-size={width},2000", f"--screenshot={picture}", file.as_uri())
    with Image.open(picture) as image:
        colours = image.convert("RGB").getcolors(maxcolors=1_000_000) or []
    painted = {colour for _, colour in colours}
    assert (168, 80, 31) in painted  # the accent
    assert len(painted) > 50  # text and figures, not a blank sheet


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["documents", "hostile_documents", "many_documents"])
def test_nothing_overflows_sideways(
    width: int,
    name: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    browse: Callable[..., str],
) -> None:
    source = page(request.getfixturevalue(name)).replace("&", "&amp;").replace('"', "&quot;")
    probe = tmp_path / "probe.html"
    probe.write_text(PROBE.format(width=width, source=source), encoding="utf-8")
    shown = browse("--window-size=1400,1000", "--dump-dom", probe.as_uri())
    assert f"<title>width {width}</title>" in shown
