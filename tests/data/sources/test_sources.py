"""The sources cover what the parameter allows."""

from typing import get_args, get_type_hints

from stillroom.config.schema import CORPORA
from stillroom.config.schema.data_schema import Data
from stillroom.data.sources import SOURCES


def test_every_source_that_the_parameter_allows_has_a_reader():
    assert {*SOURCES, *CORPORA} == set(get_args(get_type_hints(Data)["source"]))
