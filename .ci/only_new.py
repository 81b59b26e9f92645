"""Print the requirements of one compiled file that another one lacks, with their hashes.

python .ci/only_new.py build/lock/extras.txt build/lock/all.txt
"""

import sys
from pathlib import Path


def blocks(path: Path) -> dict[str, str]:
    """Return the lines of each requirement, by its name."""
    found: dict[str, str] = {}
    name = ""
    for line in path.read_text().splitlines(keepends=True):
        if line[:1].isalnum():
            name = line.split("==")[0]
        if name and not line.startswith("#"):
            found[name] = found.get(name, "") + line
    return found


if __name__ == "__main__":
    whole, known = (blocks(Path(name)) for name in sys.argv[1:])
    sys.stdout.write("".join(text for name, text in whole.items() if name not in known))
