"""Input keys: equal inputs have equal keys, and everything that a teacher sees is in them."""

import numpy as np

from stillroom.softlabels.format.input_key import KEY_BYTES, input_keys

INPUTS = np.arange(12, dtype=np.float32).reshape(3, 4)
PLAIN = [0, 0, 0]
# hashlib.blake2b("encoder:<f4(4,):plain:0:" + 16 bytes of floats, …), computed separately.
GOLDEN = [
    "d0bbfbddb4704c9a9b23e8e622cad67b",
    "c5d6c08ab90d8a07e97ca67759a099a0",
    "d1498b47683a71b804069380081555a2",
]


def test_keys_are_sixteen_bytes_and_distinct() -> None:
    keys = input_keys(INPUTS, "encoder", "none", PLAIN)
    assert {len(key) for key in keys} == {KEY_BYTES} == {16}
    assert len(set(keys)) == 3


def test_a_key_is_the_one_in_existing_stores() -> None:
    keys = input_keys(INPUTS, "encoder", "crops:7", [0, 1, 1])
    assert [key.hex() for key in keys] == GOLDEN


def test_equal_inputs_have_equal_keys_wherever_and_however_they_lie() -> None:
    keys = input_keys(INPUTS, "encoder", "none", PLAIN)
    assert input_keys(INPUTS[[2, 0]], "encoder", "none", [0, 0]) == [keys[2], keys[0]]
    assert input_keys(np.asfortranarray(INPUTS), "encoder", "none", PLAIN) == keys
    assert input_keys(INPUTS.astype(">f4"), "encoder", "none", PLAIN) == keys


def test_preprocessing_view_shape_type_and_content_each_change_the_key() -> None:
    def first(
        inputs: np.ndarray, encoder: str = "encoder", how: str = "none", view: int = 0
    ) -> bytes:
        return input_keys(inputs, encoder, how, [view] * len(inputs))[0]

    nudged = INPUTS.copy()
    nudged[0, 0] = np.nextafter(np.float32(0), np.float32(1))
    keys = [
        first(INPUTS),
        first(INPUTS, "other"),
        first(INPUTS, view=1),
        first(INPUTS, view=2),
        first(INPUTS, how="crops", view=1),
        first(INPUTS.reshape(3, 2, 2)),
        first(INPUTS.view(np.int32)),
        first(nudged),
    ]
    assert len(set(keys)) == len(keys)


def test_the_plain_view_is_the_same_under_every_augmentation() -> None:
    none = input_keys(INPUTS, "encoder", "none", PLAIN)
    assert input_keys(INPUTS, "encoder", "crops:7", PLAIN) == none
    mixed = input_keys(INPUTS, "encoder", "crops:7", [0, 1, 0])
    assert [mixed[0], mixed[2]] == [none[0], none[2]]
    assert mixed[1] != none[1]
