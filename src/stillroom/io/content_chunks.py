"""Content-defined chunking: cut rows into runs whose borders hardly move when rows are added.

Whether a run ends after a row depends on the key of that row, on the part of the next row and on
the length of the run, but never on the number of rows before it. So a row that is inserted,
appended or removed changes its own run and perhaps the next one; all other runs stay equal. Backup
programs cut files in this way.
"""


def is_cut(key: bytes, part: str, following: str, length: int, rows: int) -> bool:
    """Tell whether a run of `length` rows ends after the row with `key`.

    Args:
        key: the key of the last row, at least 8 bytes, uniformly distributed.
        part, following: the parts of the last row and of the next row.
        length: the number of rows in the run so far.
        rows: the average length of a run. Within a part a run has at least half of it, and at most
            twice as many rows.
    """
    if length >= 2 * rows:
        return True
    if part != following:
        # A new part begins a new run, unless the run is tiny: many small parts share one.
        return length >= max(1, rows // 16)
    within = max(rows // 2, 1)
    return length >= (rows + 1) // 2 and int.from_bytes(key[:8], "little") % within == 0
