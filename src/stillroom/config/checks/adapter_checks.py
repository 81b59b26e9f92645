"""Checks of student.adapter: what it requires of the student, the trainer and this installation.

student.adapter + student.architecture, student.transfer, trainer ──> ConfigError, or nothing
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from stillroom.config.schema import FROM_TEACHER, PRETRAINED
from stillroom.errors import ConfigError

PACKAGE = "peft"
INSTALL = "Run `make extras`, or `pip install peft`"
WITHOUT = "groups.adapter=none"


def check_adapter(parameters: Mapping[str, Any]) -> None:
    """Check that the student can be trained with its adapter, before any teacher runs.

    Args:
        parameters: all sections.

    Raises:
        ConfigError: the student has an adapter that cannot be trained as configured.
    """
    student, trainer = parameters["student"], parameters["trainer"]
    if student.get("adapter") is None:
        return
    if find_spec(PACKAGE) is None:
        raise ConfigError(
            f"student.adapter is set, but the package {PACKAGE} is not installed. {INSTALL}, or "
            f"set {WITHOUT}."
        )
    name = student["architecture"]["name"]
    if name not in (FROM_TEACHER, PRETRAINED):
        raise ConfigError(
            f"student.adapter adapts a model that exists, but the weights of a student with the "
            f"architecture {name} are drawn from the seed. Set student.path to a model, "
            f"groups.student={FROM_TEACHER}, or {WITHOUT}."
        )
    if student["transfer"]["balance"]:
        raise ConfigError(
            "student.transfer.balance changes the output bias of a finished student, which its "
            f"adapter would not hold. Set student.transfer.balance=[], or {WITHOUT}."
        )
    if trainer["devices"] > 1 and trainer["strategy"] == "fsdp":
        raise ConfigError(
            "trainer.strategy is fsdp, which cannot train an adapter: the base would be merged "
            "from parts. Set trainer.strategy=ddp: gradients and optimiser state of an adapter "
            f"are small; or {WITHOUT}."
        )
