"""Find what a built site would load from another host.

    build/docs/**/*.{html,css,js}  ──>  "index.html: https://…", for each

A link that a reader follows by a click is no request of the page; it may lead anywhere.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

# What makes a browser load something. `a href` is not among it.
ATTRIBUTES = {"src", "srcset", "data", "poster", "action", "ping"}
RELATIONS = {"stylesheet", "icon", "manifest", "preload", "modulepreload", "prefetch"}
RELATIONS |= {"preconnect", "dns-prefetch"}
IN_ATTRIBUTE = re.compile(r"(?:^|[\s,])((?:https?:)?//[^\s,]+)", re.IGNORECASE)
IN_CSS = re.compile(r"""(?:url\(|@import)\s*['"]?\s*((?:https?:)?//[^'")\s;]+)""", re.IGNORECASE)
IN_SCRIPT = re.compile(r"""['"`](https?://[^'"`\s]+|//[\w-]+\.[\w.-]+/[^'"`\s]*)""", re.IGNORECASE)

# Addresses in the theme's script which it does not use here. Our pages have no diagrams and name
# no repository, every browser of today has ResizeObserver, and w3.org names XML, as an identifier.
# The Content-Security-Policy of each page would refuse them too.
DORMANT = (
    "http://www.w3.org/",
    "https://unpkg.com/mermaid@",
    "https://unpkg.com/resize-observer-polyfill",
    "https://api.github.com/",
    "https://${",
)


class Page(HTMLParser):
    """What one page loads, and whether its policy forbids other hosts."""

    def __init__(self) -> None:
        """Start with a page without content."""
        super().__init__()
        self.addresses: list[str] = []
        self.policy = ""
        self.text_of = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses in the attributes of a tag."""
        values = {name: value or "" for name, value in attrs}
        self.text_of = tag if tag in ("script", "style") else ""
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values.get("content", "")
        loads = RELATIONS & set(values.get("rel", "").split()) or tag in ("use", "image")
        for name in (ATTRIBUTES | {"href"}) if loads else ATTRIBUTES:
            self.addresses += IN_ATTRIBUTE.findall(values.get(name, ""))
        self.addresses += IN_CSS.findall(values.get("style", ""))

    def handle_data(self, data: str) -> None:
        """Collect the addresses in a style or a script."""
        if self.text_of == "style":
            self.addresses += IN_CSS.findall(data)
        if self.text_of == "script":
            self.addresses += IN_SCRIPT.findall(data)

    def handle_endtag(self, tag: str) -> None:
        """Leave a style or a script."""
        self.text_of = ""


def addresses(file: Path) -> list[str]:
    """Return the addresses on other hosts that one file of a site loads."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".css":
        return IN_CSS.findall(text)
    if file.suffix == ".js":
        return IN_SCRIPT.findall(text)
    page = Page()
    page.feed(text)
    if "default-src 'self'" not in page.policy:
        page.addresses.append("no Content-Security-Policy")
    return page.addresses


def outside_requests(site: Path) -> Iterator[str]:
    """Yield one line for each request to another host: the file, and the address.

    Args:
        site: the folder of a built site.
    """
    for file in sorted(site.rglob("*")):
        # The index of the search holds the text of the pages, which is shown and never loaded.
        if file.suffix not in (".html", ".css", ".js") or file.name == "search_index.js":
            continue
        for address in addresses(file):
            if not address.startswith(DORMANT):
                yield f"{file.relative_to(site)}: {address}"
