"""The section `data` of the parameters, with a value for each key."""

from typing import Any

from stillroom.config.schema.data_schema import (
    Columns,
    Corpus,
    Csv,
    Data,
    Documents,
    Limits,
    Text,
)
from stillroom.config.schema.image_schema import Images

NESTED: dict[str, tuple[type, dict[str, Any]]] = {
    "columns": (
        Columns,
        {"label": "label", "split": None, "image": None, "text": None, "features": []},
    ),
    "csv": (Csv, {"delimiter": None, "quotes": True}),
    "limits": (
        Limits,
        {"bytes": 2**34, "ratio": 100, "rows": 10**8, "columns": 10**5, "record": 2**26},
    ),
    "image": (
        Images,
        {
            "size": None,
            "fit": "crop",
            "background": [255, 255, 255],
            "range": None,
            "budget": 402653184,
            "unreadable": "refuse",
        },
    ),
    "text": (Text, {"encoding": "hashed", "tokenizer": None, "vocabulary": 300, "length": 24}),
    "documents": (Documents, {"cut": "line", "join": 0, "longest": 1000}),
    "corpus": (Corpus, {"task": "next_token", "cross_documents": False, "mask_share": 0.15}),
}


def a_data(**changes: Any) -> Data:
    """Return the section with changes; columns, text, documents and corpus may be partial."""
    nested = {
        name: kind(**(values | changes.pop(name, {}))) for name, (kind, values) in NESTED.items()
    }
    plain: dict[str, Any] = {
        "source": "table",
        "path": "t.csv",
        "follow_links": False,
        "seed": 0,
        "validation": 0.1,
        "test": 0.2,
        "label_fraction": 1.0,
        "labels_per_class": None,
        "unlabelled": "refuse",
        "conflicts": "majority",
        "classes": None,
        "normalise_labels": "keep",
    }
    return Data(**(plain | nested | changes))
