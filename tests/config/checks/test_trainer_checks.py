"""Checks of training: refusals that name the key and the way out, through the composition."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.compose import compose
from stillroom.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
TEXTS = {"experiment": "causal_lm"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"trainer": {"precision": "bf16_master", "strategy": "fsdp", "devices": 2}},
            "trainer.precision is bf16_master, but trainer.strategy is fsdp, which trains float32 "
            "weights alone. Set trainer.precision=bf16, or trainer.strategy=ddp.",
        ),
        (
            {"trainer": {"precision": "bf16_weights", "strategy": "fsdp", "devices": 2}},
            "trainer.precision is bf16_weights, but",
        ),
        (
            {"student": {"batch_tokens": 4096}},
            "student.batch_tokens is 4096, but the inputs are images. Set it to null, and "
            "student.batch_size to the number of rows.",
        ),
        (
            {"groups": TEXTS, "student": {"batch_tokens": 100}, "data": {"text": {"length": 128}}},
            "student.batch_tokens is 100, but a row has up to 128 tokens (data.text.length). Set "
            "it to 128 or more, or lower data.text.length.",
        ),
        (
            {"groups": TEXTS, "teacher": {"batch_tokens": 100}, "data": {"text": {"length": 128}}},
            "teacher.batch_tokens is 100, but",
        ),
        ({"trainer": {"precision": "bf16_masters"}}, "trainer.precision is 'bf16_masters'"),
        ({"student": {"batch_tokens": 0}}, "student.batch_tokens is 0"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        compose(ROOT, given)
    assert str(refusal.value).startswith(message)


def test_what_fits_is_allowed() -> None:
    data = {"text": {"length": 128}}
    given = {"groups": TEXTS, "student": {"batch_tokens": 128}, "data": data}
    assert compose(ROOT, given)["student"]["batch_tokens"] == 128
    for precision in ("bf16_master", "bf16_weights"):
        trainer = {"precision": precision, "devices": 2, "gradient_checkpointing": True}
        assert compose(ROOT, {"trainer": trainer})["trainer"]["precision"] == precision
