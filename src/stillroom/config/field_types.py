"""Ranges: what values of the parameters may be; the sections are made of these."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
Share = Annotated[float, Field(ge=0, lt=1)]
Inside = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Dtype = Literal["float32", "bfloat16", "float16"]
DeviceMap = Literal["cpu", "cuda", "auto"]
Said = Annotated[str, Field(pattern=r"\S", max_length=500)]
HubId = Annotated[str, Field(pattern=r"^\w[\w.-]{0,95}/\w[\w.-]{0,95}$")]
