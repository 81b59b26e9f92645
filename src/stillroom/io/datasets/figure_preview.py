"""Figure previews: the PNG image that Kedro-Viz shows of a file, drawn from the file's content.

The catalog names a figure of `stillroom.reporting.previews`. That module is imported only when
someone looks at the preview, so the stage that writes the file does not depend on the code that
draws it: a new colour retrains no teacher.
"""

import base64
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from kedro_datasets._typing import ImagePreview

from stillroom.errors import ConfigError

PREVIEWS = "stillroom.reporting.previews"


def figure_preview(figure: str, content: Any) -> ImagePreview:
    """Return the image in Base64.

    Args:
        figure: a name in `FIGURES` of `stillroom.reporting.previews`.
        content: the content of the file.

    Raises:
        ConfigError: there is no figure of that name.
    """
    figures: Mapping[str, Callable[[Any], bytes]] = import_module(PREVIEWS).FIGURES
    if figure not in figures:
        raise ConfigError(
            f"The catalog's figure {figure!r} does not exist. Set it to one of "
            f"{', '.join(figures)}."
        )
    return ImagePreview(base64.b64encode(figures[figure](content)).decode("ascii"))
