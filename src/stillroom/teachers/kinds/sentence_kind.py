"""Sentence encoders with a head that is fitted here."""

from pathlib import Path

from pydantic.dataclasses import dataclass

from stillroom.config.kind_options import options_of
from stillroom.config.schema import GivenTeacher, Head
from stillroom.config.schema.field_types import STRICT
from stillroom.teachers.kinds.model_directory_kind import ModelDirectory
from stillroom.teachers.teacher_kind import Preparation


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SentenceOptions:
    """The options of a sentence encoder.

    Attributes:
        head: how its head is fitted.
    """

    head: Head = Head(strength=None, steps=1000)


class Sentence(ModelDirectory):
    """A sentence encoder at `teacher.path`; the classifier that is made of it answers."""

    options = SentenceOptions

    def prepare(self, given: GivenTeacher, folder: Path, preparation: Preparation) -> None:
        """Fit the head on the labelled texts, and write encoder and head as one model.

        The embeddings of these texts are kept beside the store of soft labels.
        """
        from stillroom.teachers.sentence.kept_embeddings import embeddings_folder
        from stillroom.teachers.sentence_teacher import fit_sentence_teacher
        from stillroom.teachers.softlabels_config import store_of

        head = options_of(given, SentenceOptions, "teacher").head
        source, rows = preparation.root / given.required_path, preparation.examples.read()
        kept = embeddings_folder(store_of(preparation.root))
        fit_sentence_teacher(source, folder, rows, preparation.encoder, head, kept)
