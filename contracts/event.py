"""What every published event is: a frozen body of codes, references, dates and numbers, under a type name that carries its version."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

LOCAL = ZoneInfo("Europe/Stockholm")
CODE_PATTERN = "^[a-z][a-z0-9_]{0,63}$"


class PublishedEvent(BaseModel):
    """The body of one event. Readers are open: a field they do not know is dropped, a code they do not know is kept raw.

    A published class is never edited in a way that an older reader or an older message would notice; it gets a younger
    sibling (`…V2`, type `….v2`) instead.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    event_type: ClassVar[str]
    """The full type on the wire, `se.sluss.<area>.<event>.v<major>`."""
    topic: ClassVar[str]


class UnmappedCode(str):
    """A code that this reader does not know, kept raw. It comes from the wire only: nobody here may write one."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        raw = core_schema.no_info_after_validator_function(cls, core_schema.str_schema(pattern=CODE_PATTERN))
        return core_schema.json_or_python_schema(
            json_schema=raw,
            python_schema=core_schema.is_instance_schema(cls),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )


Codes = TypeVar("Codes", bound=StrEnum)
Open = Annotated[Codes | UnmappedCode, Field(union_mode="left_to_right")]
"""`Open[Channel]`: a known code of the set, else the unknown one as it came."""


class TimePrecision(StrEnum):
    """How exactly it is known when something happened."""

    INSTANT = "instant"
    DAY = "day"


def is_local_midnight(at: datetime) -> bool:
    """Whether an aware time is a local midnight in Europe/Stockholm, which is how a day travels."""
    local = at.astimezone(LOCAL)
    return (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
