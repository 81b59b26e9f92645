"""Smaller top-k: the largest entries of a larger one, by hand."""

import numpy as np
import pyarrow as pa

from stillroom.softlabels.sparsify.smaller_topk import smaller_topk


def test_the_largest_entries_are_kept_by_rising_id_and_the_lowest_of_equal_ones() -> None:
    # Row 0 has the positions 0 and 1, row 1 has position 0; two temperatures.
    table = pa.table(
        {
            "ids": [[1, 2, 4, 4, 7], [3]],
            "positions": [[0, 0, 0, 1, 0], [0]],
            "logits": [[5.0, 2.0, 5.0, 1.0, 6.0], [0.5]],
            "log_z": [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0]],
            "entropy": [[0.1, 0.2], [0.3]],
            "log_p_label": [[-1.0, -2.0], [-3.0]],
        }
    )
    entries = smaller_topk(table, 2, [1], 2)
    assert entries.counts.tolist() == [2, 1, 1]
    assert entries.ids.tolist() == [1, 7, 4, 3]
    assert entries.logits.tolist() == [5.0, 6.0, 1.0, 0.5]
    assert entries.log_z.tolist() == [[2.0], [4.0], [6.0]]
    assert np.allclose(entries.entropy, [0.1, 0.2, 0.3])
    assert entries.log_p_label.tolist() == [-1.0, -2.0, -3.0]
