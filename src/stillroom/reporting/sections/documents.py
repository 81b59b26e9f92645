"""Documents: parsed JSON in, the frozen dataclass that wrote it out."""

from typing import TypeVar

from stillroom.errors import DataError

Found = TypeVar("Found")


def read_document(kind: type[Found], document: object, name: str) -> Found:
    """Return `document` as a `kind`; messages call it `name`.

    Raises:
        DataError: it is not what `dataclasses.asdict` makes of one.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(document)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise DataError(f"{name} is damaged at {place}. Run the stage evaluate again.") from error
