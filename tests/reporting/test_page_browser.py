"""The page in a real browser without a network, at the widths of a screen and of a telephone.

    page ──in two frames of a probe──> chromium ──> sizes, console, requests, screenshots

Screenshots of both widths, each from top to bottom, are left in build/screenshots/. Takes 30
seconds.
"""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.report_documents import Documents, page_of

CHROMIUM = shutil.which("chromium")
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SCREEN, TELEPHONE = 1280, 390
WIDTHS = (SCREEN, TELEPHONE)
PAGES = ("documents", "hostile_documents", "many_documents", "language_documents")
LEAST_TEXT = 11  # pixels; smaller letters cannot be read on a telephone
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
    "--proxy-server=127.0.0.1:9",  # the whole network is this proxy, and nobody listens there
    "--proxy-bypass-list=<-loopback>",
    "--force-device-scale-factor=1",
    "--enable-logging=stderr",
    "--v=0",
)
# Examines the page from outside, in a frame of each width.
PROBE = """<!doctype html><title>a probe</title>
<style>
  body {{ margin: 0; display: flex; align-items: start; }}
  iframe {{ flex: none; border: 0; }}
</style>
{frames}
<pre id="seen" hidden></pre>
<script>
function texts(root) {{
  const walker = root.createTreeWalker(root.body, NodeFilter.SHOW_TEXT);
  const pieces = [];
  while (walker.nextNode()) {{
    const node = walker.currentNode, holder = node.parentElement;
    if (!node.data.trim() || holder.closest("svg, style, script")) continue;
    pieces.push([parseFloat(getComputedStyle(holder).fontSize), node.data.trim().slice(0, 40)]);
  }}
  return pieces;
}}
function seen(frame) {{
  const root = frame.contentDocument, all = name => [...root.querySelectorAll(name)];
  const size = box => [box.width, box.height], sized = one => size(one.getBoundingClientRect());
  return {{
    width: root.documentElement.scrollWidth,
    height: root.documentElement.scrollHeight,
    figures: all("figure svg, figure img").map(sized),
    drawn: all("svg").map(one => size(one.getBBox())),
    images: all("img").map(one => [...sized(one), one.naturalWidth]),
    smallest: texts(root).sort((a, b) => a[0] - b[0])[0],
  }};
}}
onload = () => {{
  const frames = [...document.querySelectorAll("iframe")];
  const all = frames.map(seen);
  frames.forEach((frame, at) => frame.style.height = all[at].height + "px");
  document.getElementById("seen").textContent = JSON.stringify(all);
}};
</script>"""
FRAME = '<iframe style="width:{width}px;height:900px" srcdoc="{source}"></iframe>'

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"
)


@dataclass(frozen=True)
class Run:
    """The result of a run of the browser.

    Attributes:
        printed: on standard output.
        console: the messages of a page's console, including errors and warnings.
        requests: the URLs that a page requested.
    """

    printed: str
    console: list[str]
    requests: list[str]


Browse = Callable[..., Run]


@pytest.fixture(scope="module")
def browse(tmp_path_factory: pytest.TempPathFactory) -> Browse:
    """Run chromium once."""
    folder = tmp_path_factory.mktemp("chromium")

    def run(*arguments: str) -> Run:
        own = (f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}")
        command = [str(CHROMIUM), *QUIET, *own, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
        return Run(done.stdout, console, requests_in(folder / "net.json"))

    return run


def requests_in(net_log: Path) -> list[str]:
    """Return the URLs that pages requested; the browser's own requests have no origin."""
    events = json.loads(net_log.read_text(encoding="utf-8"))["events"]
    requests = [event["params"] for event in events if "initiator" in event.get("params", {})]
    return [one["url"] for one in requests if one["initiator"] != "not an origin"]


@dataclass(frozen=True)
class Browsed:
    """A page in the browser.

    Attributes:
        frames: the measures, by width.
        file: the probe with the page in it.
        run: the run of the browser.
    """

    frames: dict[int, Any]
    file: Path
    run: Run


def probe(source: str) -> str:
    """Return a page that examines another one at both widths."""
    quoted = source.replace("&", "&amp;").replace('"', "&quot;")
    frames = [FRAME.format(width=width, source=quoted) for width in WIDTHS]
    return PROBE.format(frames="\n".join(frames))


def looked_at(source: str, file: Path, browse: Browse) -> Browsed:
    """Return the page as the browser draws it."""
    file.write_text(probe(source), encoding="utf-8")
    run = browse("--dump-dom", file.as_uri())
    match = re.search(r'<pre id="seen"[^>]*>(.*?)</pre>', run.printed, re.DOTALL)
    seen = json.loads(html.unescape(match.group(1)) if match else "[]")
    return Browsed(dict(zip(WIDTHS, seen, strict=True)), file, run)


@pytest.fixture(scope="module", params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def source(name: str, request: pytest.FixtureRequest) -> str:
    return page_of(request.getfixturevalue(name))


@pytest.fixture(scope="module")
def browsed(
    name: str, source: str, browse: Browse, tmp_path_factory: pytest.TempPathFactory
) -> Browsed:
    return looked_at(source, tmp_path_factory.mktemp(name) / "probe.html", browse)


def test_it_asks_the_network_for_nothing_and_its_console_is_empty(browsed: Browsed) -> None:
    assert browsed.run.requests == []
    assert browsed.run.console == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows_sideways(width: int, browsed: Browsed) -> None:
    assert browsed.frames[width]["width"] == width


@pytest.mark.parametrize("width", WIDTHS)
def test_every_figure_and_every_image_has_a_size(width: int, browsed: Browsed, source: str) -> None:
    seen = browsed.frames[width]
    assert len(seen["figures"]) == source.count("<figure>") >= 8
    assert len(seen["drawn"]) == source.count("<svg")
    assert len(seen["images"]) == source.count("<img")
    for sizes in (seen["figures"], seen["drawn"], seen["images"]):
        assert all(size > 0 for one in sizes for size in one), sizes
    # A figure takes the whole width of a telephone, and a third of a screen.
    assert min(across for across, _ in seen["figures"]) > 250


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_is_too_small_to_read(width: int, browsed: Browsed) -> None:
    size, text = browsed.frames[width]["smallest"]
    assert size >= LEAST_TEXT, text


def test_it_is_drawn_from_top_to_bottom_and_the_picture_kept(
    name: str, browsed: Browsed, browse: Browse
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    whole, left = browsed.file.with_suffix(".png"), 0
    tall = max(seen["height"] for seen in browsed.frames.values())
    window = f"--window-size={sum(WIDTHS)},{tall}"
    browse(window, f"--screenshot={whole}", browsed.file.as_uri())
    with Image.open(whole) as image:
        assert image.size == (sum(WIDTHS), tall)
        for width, seen in browsed.frames.items():
            drawn = image.convert("RGB").crop((left, 0, left + width, seen["height"]))
            left += width
            drawn.save(SCREENSHOTS / f"{name}-{width}.png")
            colours = {colour for _, colour in drawn.getcolors(maxcolors=1_000_000) or []}
            assert (168, 80, 31) in colours  # the accent
            assert len(colours) > 50  # text and figures, not a blank sheet
            # The footer stands above the margin of at least 48 pixels at the end.
            foot = drawn.crop((0, seen["height"] - 120, width, seen["height"]))
            assert len(foot.getcolors() or []) > 10


def test_it_opens_as_a_file_as_it_does_in_a_frame(
    documents: Documents, tmp_path: Path, browse: Browse
) -> None:
    (tmp_path / "report.html").write_text(page_of(documents), encoding="utf-8")
    run = browse("--dump-dom", (tmp_path / "report.html").as_uri())
    assert run.printed.rstrip().endswith("</html>")
    assert "This page loads nothing from the network." in run.printed
    assert (run.console, run.requests) == ([], [])


def test_a_page_that_requests_something_is_detected(
    documents: Documents, tmp_path: Path, browse: Browse
) -> None:
    address = "http://elsewhere.example/x.png"
    source = page_of(documents).replace("<h1>", f'<img src="{address}"><h1>')
    held = looked_at(source, tmp_path / "held.html", browse).run
    assert held.requests == []
    assert len(held.console) == len(WIDTHS)
    assert all("Content Security Policy" in line for line in held.console)
    free = looked_at(f'<p>x<img src="{address}">', tmp_path / "free.html", browse).run
    assert set(free.requests) == {address}
