"""The types of options that several kinds have."""

from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
Temperature = Annotated[float, Field(gt=0)]
