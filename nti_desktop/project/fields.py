"""What records of a project are made of: frozen, with fields that check their ranges."""

from datetime import UTC
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

MAX_SIDE = 1_000_000  # pixels
MAX_SEEN = 2**22  # pixels that a model sees, of any model
MAX_TEXT = 10_000  # characters
MAX_ROWS = 1_000  # frames, inversions, versions; words of one recipe


def _in_utc(time: AwareDatetime) -> AwareDatetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time is out of range") from error


def encodable(name: object) -> object:
    """File names that are not UTF-8 come from the system with lone surrogates, which no JSON can hold."""
    return name.encode("utf-8", "replace").decode() if isinstance(name, str) else name


Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Pixels = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Orientation = Annotated[int, Field(ge=1, le=8)]
Seconds = Annotated[float, Field(ge=0)]
UtcTime = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Record(BaseModel):
    """Frozen; unknown fields survive; neither NaN nor infinity."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
