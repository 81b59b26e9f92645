"""Input keys: equal inputs have equal keys, and everything that a teacher sees is in them."""

import numpy as np

from stillroom.softlabels.keys import KEY_BYTES, input_keys

INPUTS = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_keys_are_sixteen_bytes_and_distinct() -> None:
    keys = input_keys(INPUTS, "encoder")
    assert {len(key) for key in keys} == {KEY_BYTES} == {16}
    assert len(set(keys)) == 3


def test_equal_inputs_have_equal_keys_wherever_they_stand() -> None:
    assert input_keys(INPUTS[[2, 0]], "encoder") == [
        input_keys(INPUTS, "encoder")[i] for i in (2, 0)
    ]


def test_preprocessing_view_shape_and_content_each_change_the_key() -> None:
    plain = input_keys(INPUTS, "encoder")[0]
    nudged = INPUTS.copy()
    nudged[0, 0] = np.nextafter(np.float32(0), np.float32(1))
    others = [
        input_keys(INPUTS, "other")[0],
        input_keys(INPUTS, "encoder", view=1)[0],
        input_keys(INPUTS.reshape(3, 2, 2), "encoder")[0],
        input_keys(nudged, "encoder")[0],
    ]
    assert plain not in others
    assert len(set(others)) == 4
