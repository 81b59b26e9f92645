"""Figure previews: the image of a figure that the catalog names."""

import base64
import subprocess
import sys

import pytest

from stillroom.errors import ConfigError
from stillroom.io.datasets.figure_preview import figure_preview


def test_the_image_is_the_result_of_the_figure_function() -> None:
    preview = figure_preview("family", [])
    assert base64.b64decode(preview).startswith(b"\x89PNG\r\n\x1a\n")


# A callable of another module, and names of the drawing module that are no figures of the catalog.
@pytest.mark.parametrize("figure", ["treee", "os.system", "blank", "previews.tree", ""])
def test_a_name_that_stands_for_no_figure_is_refused(figure: str) -> None:
    with pytest.raises(ConfigError, match=f"figure '{figure}' does not exist.* one of .*, tree"):
        figure_preview(figure, [])


def test_a_stage_that_writes_a_plot_does_not_import_what_draws_it() -> None:
    code = """
import sys
import stillroom.io.datasets.json_document, stillroom.io.datasets.records_plot
from stillroom.io.datasets.records_plot import RecordsPlot
RecordsPlot(filepath="x.json", figure="curves")
print(any(name.startswith("stillroom.reporting") for name in sys.modules))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
