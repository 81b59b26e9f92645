"""Image notices: each kind of change has a sentence of its own."""

import typing

import pytest
from support.examples.image_bytes import options

from stillroom.data.images.decode_image import Change
from stillroom.data.images.image_notices import ChangeCounts


@pytest.mark.parametrize("change", typing.get_args(Change))
def test_each_change_is_said_with_its_count_and_the_first_image(change):
    counts = ChangeCounts()
    for name in ("b.png", "a.png"):
        counts.add((change,), name)
    (notice,) = counts.notices(options(size=[4, 6]))
    assert notice.text.endswith(": 2 images (the first: b.png).")
    assert "{" not in notice.text


def test_the_settings_stand_in_the_sentences():
    counts = ChangeCounts()
    counts.add(("resized", "transparent", "deep"), "a.png")
    texts = [n.text for n in counts.notices(options(size=[4, 6], fit="pad", range=[0.0, 2.0]))]
    assert texts == [
        "Scaled from more than 8 bits a channel to 8, by data.image.range [0.0, 2.0]: 1 image "
        "(the first: a.png).",
        "Transparent pixels are laid over the colour data.image.background [255, 255, 255]: "
        "1 image (the first: a.png).",
        "Resized to data.image.size 4x6 (data.image.fit=pad): 1 image (the first: a.png).",
    ]
