"""The environment that the page renders its sections in."""

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stillroom.reporting.page import TEMPLATES


@pytest.fixture(scope="session")
def environment() -> Environment:
    """As `page` makes it."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
