"""The types of single parameters, with the range of values that each allows."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

NOT_BLANK = r"\S"
# ASCII, as on the Hub. With \w, which matches every letter of Unicode, pydantic takes 60 ms to
# compile it, at the start of every command.
OWNER_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}$"

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
# For sections whose kind may declare keys of its own, which `cross_checks` checks.
OPEN = ConfigDict(extra="allow", allow_inf_nan=False)
Share = Annotated[float, Field(ge=0, lt=1)]
Inside = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Dtype = Literal["float32", "bfloat16", "float16"]
DeviceMap = Literal["cpu", "cuda", "auto"]
NonEmpty = Annotated[str, Field(pattern=NOT_BLANK, max_length=500)]
HubId = Annotated[str, Field(pattern=OWNER_NAME)]
