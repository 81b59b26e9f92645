"""Encoders: examples in, the numbers that a model sees out.

    image, features, hashed text ──ArrayEncoder──> [N, *shape] float32
    packs of tokens ──SequenceEncoder──> [N, 3, length] int32
    text ──TokenEncoder──> [N, 3, length] int32

An encoder is fitted on the train split once and travels as a folder: JSON, and a tokenizer where it
has one. Equal rows give equal bytes.
"""

from stillroom.data.encoders.arrays import ArrayEncoder, fit_encoder
from stillroom.data.encoders.folder import FILE, Encoder, read_encoder, write_encoder
from stillroom.data.encoders.sequences import SequenceEncoder
from stillroom.data.encoders.texts import TokenEncoder

__all__ = [
    "FILE",
    "ArrayEncoder",
    "Encoder",
    "SequenceEncoder",
    "TokenEncoder",
    "fit_encoder",
    "read_encoder",
    "write_encoder",
]
