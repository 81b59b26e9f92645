"""Class names: the classes of a teacher and of the examples in, the order of its outputs out.

    LABEL_0, LABEL_1, …   + examples' 0, 1, …  ──> 0, 1, …
    teacher.class_names   {LABEL_0: negative}  ──> negative, …
    the same names in another order            ──> which output belongs to which class

Names are equal if all their characters are. Nothing else is joined without a word.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from stillroom.data.ingest.label_forms import label_key
from stillroom.errors import ModelError

GENERIC = "LABEL_"  # transformers calls classes so where a model has no names for them
SHOWN = 5


@dataclass(frozen=True, slots=True)
class ClassMatch:
    """How the outputs of a teacher belong to the classes of the examples.

    Attributes:
        names: the names of its outputs, in its own order, as the examples call them.
        order: for each class of the examples, the output that is it.
    """

    names: tuple[str, ...]
    order: tuple[int, ...]

    @property
    def moves(self) -> bool:
        """Whether the outputs are in another order than the classes."""
        return self.order != tuple(range(len(self.order)))


def match_classes(
    teachers: tuple[str, ...], examples: tuple[str, ...], mapping: Mapping[str, str], source: str
) -> ClassMatch:
    """Return how the outputs of a teacher belong to the classes of the examples.

    Args:
        teachers: the names of the teacher's outputs, in order.
        examples: the classes of the examples, in order.
        mapping: `teacher.class_names`: the class of the examples for a name of the teacher.
        source: names the teacher in an error.

    Raises:
        ModelError: the names are not the same; the error says what to set.
    """
    names = _mapped(teachers, examples, mapping, source)
    if sorted(names) != sorted(examples):
        raise ModelError(
            f"{source} has {_text(names)}, but the examples have {_text(examples)}. "
            f"{_advice(teachers, names, examples)}"
        )
    return ClassMatch(names, tuple(names.index(name) for name in examples))


def _mapped(
    teachers: tuple[str, ...], examples: tuple[str, ...], mapping: Mapping[str, str], source: str
) -> tuple[str, ...]:
    unknown = [name for name in mapping if name not in teachers]
    if unknown:
        raise ModelError(
            f"teacher.class_names names {unknown[0]}, but {source} has {_text(teachers)}. Use its "
            "names on the left."
        )
    if mapping:
        return tuple(mapping.get(name, name) for name in teachers)
    numbers = tuple(map(str, range(len(teachers))))
    are_generic = teachers == tuple(f"{GENERIC}{number}" for number in numbers)
    return numbers if are_generic and sorted(numbers) == sorted(examples) else teachers


def _advice(teachers: tuple[str, ...], names: tuple[str, ...], examples: tuple[str, ...]) -> str:
    """Return what to do about names that differ."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        return f"Two of its outputs are called {twice[0]}. Give each a name of its own."
    if len(names) != len(examples):
        return "Choose a teacher with the same classes, or examples of the teacher's classes."
    folded = {label_key(name): name for name in examples}
    alike = {name: folded[label_key(name)] for name in names if label_key(name) in folded}
    if len(alike) == len(names) == len(folded):
        pairs = [(was, alike[name]) for was, name in zip(teachers, names, strict=True)]
        shown = ", ".join(f"{was}: {name}" for was, name in pairs if was != name)
        return f"They differ only in form, such as case. Set teacher.class_names={{{shown}}}"
    left = [name for name in examples if name not in names]
    others = [was for was, name in zip(teachers, names, strict=True) if name not in examples]
    shown = ", ".join(f"{name}: <class>" for name in others[:SHOWN])
    return (
        f"If you know which is which, set teacher.class_names={{{shown}}} with the classes "
        f"{', '.join(left[:SHOWN])}{', …' if len(left) > SHOWN else ''}."
    )


def _text(names: tuple[str, ...]) -> str:
    more = ", …" if len(names) > SHOWN else ""
    return f"{len(names)} classes ({', '.join(names[:SHOWN])}{more})"
