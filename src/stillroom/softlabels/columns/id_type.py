"""Type of the ids: the number of classes in, the narrowest type of a column of class ids out."""

import pyarrow as pa


def id_type(classes: int) -> pa.DataType:
    """Return the narrowest type that can hold every id below `classes`."""
    if classes <= 2**8:
        return pa.uint8()
    return pa.uint16() if classes <= 2**16 else pa.uint32()
