"""Checks of the adapter: what it requires is refused in one line, before any teacher runs."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.checks import adapter_checks
from stillroom.config.checks.adapter_checks import check_adapter
from stillroom.config.compose import compose
from stillroom.errors import ConfigError

LORA = {"kind": "lora", "rank": 8, "alpha": 16, "dropout": 0.0, "targets": None}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter_checks, "find_spec", lambda name: object())


def parameters(
    name: str = "pretrained", adapter: object = LORA, balance: Any = (), **trainer: Any
) -> dict[str, Any]:
    student = {"adapter": adapter, "architecture": {"name": name}, "transfer": {"balance": balance}}
    return {"student": student, "trainer": {"devices": 1, "strategy": "ddp"} | trainer}


@pytest.mark.parametrize(
    "allowed",
    [
        parameters(),
        parameters("from_teacher"),
        parameters("mlp", None, ["3"], devices=2, strategy="fsdp"),
        parameters(devices=2),
        parameters(strategy="fsdp"),  # one device shards nothing
    ],
)
def test_what_is_allowed(allowed: dict[str, Any]) -> None:
    check_adapter(allowed)


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (parameters("mlp"), "architecture mlp are drawn from the seed. Set student.path"),
        (parameters(balance=["3"]), "Set student.transfer.balance=[], or groups.adapter=none"),
        (parameters(devices=2, strategy="fsdp"), "Set trainer.strategy=ddp"),
    ],
)
def test_what_is_refused(refused: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_adapter(refused)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_peft_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter_checks, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"make extras"):
        check_adapter(parameters())
    check_adapter(parameters("mlp", None))


def test_the_group_sets_the_section(project: Path) -> None:
    chosen = {"groups": {"adapter": "lora", "student": "from_teacher"}}
    values = {"student": {"adapter": {"rank": 4, "targets": ["q", "v"]}}}
    adapter = compose(project, chosen | values)["student"]["adapter"]
    assert adapter == LORA | {"rank": 4, "targets": ["q", "v"]}
    assert compose(project)["student"]["adapter"] is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("rank", 0), ("alpha", 1.5), ("dropout", 1.0), ("targets", []), ("kind", "dora")],
)
def test_values_out_of_range_are_refused(project: Path, key: str, value: object) -> None:
    given = {
        "groups": {"adapter": "lora", "student": "from_teacher"},
        "student": {"adapter": {key: value}},
    }
    with pytest.raises(ConfigError, match=f"student.adapter.{key}"):
        compose(project, given)


def test_a_value_without_the_group_names_the_group(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"Set groups\.adapter as well"):
        compose(project, {"student": {"adapter": {"rank": 4}}})
