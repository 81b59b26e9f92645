"""Shapes: the inputs and outputs of a model, by the encoder of its inputs."""

from dataclasses import replace

from support.examples import image_examples, text_examples
from support.examples.corpus_examples import sentences

from stillroom.data.encoders import SequenceEncoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.models.shape import Shape, Vocabulary

# The special tokens of a trained tokenizer come first: of BERT's five, [PAD] is 0 and [MASK] is 4;
# of a decoder's two, the end is 0 and the mask is 1.
MASKED = SequenceEncoder(
    tokenizer=train_tokenizer(sentences(20), 300, "masked_token"), task="masked_token", length=8
)
DECODER = SequenceEncoder(
    tokenizer=train_tokenizer(sentences(20), 300), task="next_token", length=8
)


def test_images_have_their_classes_and_no_vocabulary() -> None:
    shape = Shape.of(image_examples.ENCODER)
    assert shape == Shape((1, 8, 8), ("across", "down", "plain"), None)


def test_texts_have_classes_and_the_vocabulary_of_their_tokenizer() -> None:
    shape = Shape.of(text_examples.ENCODER)
    assert (shape.inputs, shape.classes) == ((3, 24), ("app", "card", "money"))
    size = text_examples.TOKENIZER.size
    assert shape.vocabulary == Vocabulary(size, 24, "classification", None, 0, None)


def test_only_masked_tokens_have_a_mask() -> None:
    assert Shape.of(MASKED) == Shape((3, 8), (), Vocabulary(300, 8, "masked_token", None, 0, 4))
    assert Shape.of(DECODER) == Shape((3, 8), (), Vocabulary(300, 8, "next_token", 0, 0, None))
    relabelled = replace(MASKED, task="next_token")
    assert Shape.of(relabelled).vocabulary == Vocabulary(300, 8, "next_token", None, 0, None)


def test_the_kind_of_inputs_follows_from_the_shape() -> None:
    kinds = [Shape.of(one.ENCODER).kind for one in (image_examples, text_examples)]
    assert kinds == ["images", "tokens"]
    assert [Shape.of(one).kind for one in (MASKED, DECODER)] == ["running_text"] * 2
    assert Shape((20,), ("a", "b")).kind == "numbers"
