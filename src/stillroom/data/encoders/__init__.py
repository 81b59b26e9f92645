"""Encoders: examples in, the numbers that a model sees out.

    image, features, hashed text ──ArrayEncoder──> [N, *shape] float32
    packs of tokens ──SequenceEncoder──> [N, 3, length] int32
    text ──TokenEncoder──> [N, 3, length] int32

An encoder is fitted once, on the train split. It is stored as a folder: JSON, and its tokenizer if
it has one. Equal rows give equal bytes.
"""

from stillroom.data.encoders.array_encoder import ArrayEncoder, fit_encoder
from stillroom.data.encoders.encoder_folder import (
    FILE,
    Encoder,
    read_encoder,
    read_given_encoder,
    write_encoder,
)
from stillroom.data.encoders.sequence_encoder import SequenceEncoder
from stillroom.data.encoders.text_encoder import TokenEncoder

__all__ = [
    "FILE",
    "ArrayEncoder",
    "Encoder",
    "SequenceEncoder",
    "TokenEncoder",
    "fit_encoder",
    "read_encoder",
    "read_given_encoder",
    "write_encoder",
]
