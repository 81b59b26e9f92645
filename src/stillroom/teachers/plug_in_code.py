"""The code of a kind that comes from a package, as a part of the fingerprint of what it answers.

    registry, name of a kind ──its package──> "name version code <digest>"; none if it is built in

Versions do not change while someone develops a package, but answers may. So the digest of its code,
without comments and docstrings, stands beside the versions of the libraries.
"""

from typing import Any

from stillroom.config.code_digest.plug_ins import PlugIns
from stillroom.registry import Registry, package_of

DIGITS = 32  # of the digest, in hexadecimal


def plug_in_code(registry: Registry[Any], name: str) -> tuple[str, ...]:
    """Return the package that adds a kind, with the digest of its code; () if it is built in."""
    entry = registry.plug_ins.get(name)
    if entry is None:
        return ()
    package = package_of(entry)
    digests = PlugIns().digests([registry.group])
    digest = digests[f"{package} {entry.module.partition('.')[0]}"]
    return (f"{package} code {digest[:DIGITS]}",)
