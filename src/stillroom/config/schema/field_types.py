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
# Every number has an upper bound, far beyond what anyone needs: a slip such as 1e20 epochs must be
# an error at once, and not a run that never ends or takes all memory.
MOST = 1_000_000_000
Share = Annotated[float, Field(ge=0, lt=1)]
Inside = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=MOST)]
Positive = Annotated[float, Field(gt=0, le=MOST)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Temperature = Annotated[float, Field(gt=0, le=1_000_000)]
Count = Annotated[int, Field(ge=1, le=MOST)]
Bytes = Annotated[int, Field(ge=1, le=2**50)]
Epochs = Annotated[int, Field(ge=1, le=1_000_000)]
Batch = Annotated[int, Field(ge=1, le=1_000_000)]
Members = Annotated[int, Field(ge=1, le=1000)]  # models, processes or threads
Pixels = Annotated[int, Field(ge=0, le=1000)]
Width = Annotated[int, Field(ge=1, le=2**20)]
Depth = Annotated[int, Field(ge=1, le=10_000)]
Vocabulary = Annotated[int, Field(ge=1, le=2**24)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Dtype = Literal["float32", "bfloat16", "float16"]
DeviceMap = Literal["cpu", "cuda", "auto"]
NonEmpty = Annotated[str, Field(pattern=NOT_BLANK, max_length=500)]
HubId = Annotated[str, Field(pattern=OWNER_NAME)]
