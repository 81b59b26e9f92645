"""Print a line of a requirements file with the SHA-256 of every wheel of a release on the index.

    python .ci/release_hashes.py torch 2.13.0

`pip-compile` does the same, but it also downloads what a release requires: gigabytes for torch. The
index is the one that pip is set up with.
"""

import os
import sys
from contextlib import suppress

from pip._internal.configuration import Configuration
from pip._internal.exceptions import ConfigurationError
from pip._internal.index.collector import LinkCollector, parse_links
from pip._internal.models.index import PyPI
from pip._internal.models.link import Link
from pip._internal.models.search_scope import SearchScope
from pip._internal.network.session import PipSession


def index_url() -> str:
    """Return the address of the index that pip uses."""
    configuration = Configuration(isolated=False)
    configuration.load()
    with suppress(ConfigurationError):
        return str(configuration.get_value("global.index-url"))
    return os.environ.get("PIP_INDEX_URL", PyPI.simple_url)


def wheel_hashes(name: str, version: str) -> set[str]:
    """Return the hashes of the wheels of a release."""
    scope = SearchScope.create(find_links=[], index_urls=[index_url()], no_index=False)
    collector = LinkCollector(session=PipSession(), search_scope=scope)
    hashes = set()
    for address in scope.get_index_urls_locations(name):
        page = collector.fetch_response(Link(address))
        for link in parse_links(page) if page else ():
            if link.filename.startswith(f"{name}-{version}-") and link.hash_name == "sha256":
                hashes.add(str(link.hash))
    return hashes


def main(name: str, version: str) -> None:
    """Print the requirement."""
    hashes = wheel_hashes(name, version)
    if not hashes:
        sys.exit(f"The index has no wheel of {name} {version}.")
    lines = [f"    --hash=sha256:{one}" for one in sorted(hashes)]
    print(f"{name}=={version} \\\n" + " \\\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
