"""Cuts: rows with keys and parts in, runs of rows whose borders new rows hardly move, out.

Whether a run ends after a row depends on that row's key, on the part that the next row is from and
on how long the run is, never on how many rows came before it. So a row that is inserted, appended
or removed changes the run around it and perhaps the next one; every other run stays what it was.
(Content-defined chunking, as backup programs cut files.)
"""


def is_cut(key: bytes, part: str, following: str, length: int, rows: int) -> bool:
    """Tell whether a run of `length` rows ends after the row with `key`.

    Args:
        key: of the last row, at least 8 bytes, uniform.
        part, following: the parts of the last row and of the one after it.
        length: rows of the run so far.
        rows: how long a run is on average; at least half of it within a part, at most twice.
    """
    if length >= 2 * rows:
        return True
    if part != following:
        # Many small parts share a run; a new part begins one of its own unless the last is tiny.
        return length >= max(1, rows // 16)
    within = max(rows // 2, 1)
    return length >= (rows + 1) // 2 and int.from_bytes(key[:8], "little") % within == 0
