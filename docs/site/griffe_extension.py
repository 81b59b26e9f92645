"""What griffe runs on each object of the reference."""

from typing import Any

import griffe

from docs.site.docstring_markdown import docstring_markdown


class DocstringsAsMarkdown(griffe.Extension):
    """Reads our docstrings, which have doctests and lines for several names."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of an object before it is parsed."""
        if obj.docstring:
            obj.docstring.value = docstring_markdown(obj.docstring.value)
