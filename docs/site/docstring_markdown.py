"""Turn our docstrings into the Markdown and the sections that mkdocstrings reads.

    >>> f(1)      ──>  a block of code that starts with >>> f(1)
    a, b: text    ──>  a: text, and b: text

Nothing here knows griffe, the reader of docstrings in mkdocstrings.
"""

import re

EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)
SEVERAL = re.compile(
    r"^(?P<indent> +)(?P<names>\*?\w+(?:, \*?\w+)+)(?P<text>: .*(?:\n(?P=indent) +.*)*)$",
    re.MULTILINE,
)
SECTION = re.compile(r"^(?:Args|Attributes):\n(?:[ ].*\n?|\n)+", re.MULTILINE)


def docstring_markdown(docstring: str) -> str:
    """Return a docstring with its examples as code, and one line for each name of a section.

    Args:
        docstring: without indentation, as `inspect.cleandoc` returns it.
    """
    fenced = EXAMPLE.sub(r"```pycon\n\g<0>\n```", docstring)
    return SECTION.sub(lambda section: SEVERAL.sub(_one_each, section[0]), fenced)


def _one_each(match: re.Match[str]) -> str:
    names = match["names"].split(", ")
    return "\n".join(f"{match['indent']}{name}{match['text']}" for name in names)
