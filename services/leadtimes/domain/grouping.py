"""What the waits of a report are told apart by: only what was known early enough."""

from enum import StrEnum

from services.leadtimes.domain.measures import Interval
from services.leadtimes.domain.support import Support

UNKNOWN = "unknown"


class Grouping(StrEnum):
    """What a report can be split by.

    Never by something that came later: whoever has it had to wait long enough to get it, so a group made of it looks slow for that alone
    (immortal time). Channel and month are those of the start. The unit is the first that was known when the wait began, else `unknown`.
    The hindrance (försörjningshinder) is the one known at the first decision, and before any decision the last one known; a code that
    came after it counts nowhere, and who had none by then is `unknown`. The recipient is the function that a referral was written to, and
    `unknown` of every wait that is about none.
    """

    CHANNEL = "channel"
    MONTH = "month"
    HINDRANCE = "hindrance"
    UNIT = "unit"
    RECIPIENT = "recipient"


def group(by: Grouping, wait: Interval | Support) -> str:
    """The group a wait is in; a month is YYYY-MM, local date of the start."""
    match by:
        case Grouping.CHANNEL:
            name = wait.channel
        case Grouping.MONTH:
            name = wait.start.day.isoformat()[: len("YYYY-MM")]
        case Grouping.HINDRANCE:
            name = wait.hindrance
        case Grouping.UNIT:
            name = wait.unit
        case Grouping.RECIPIENT:
            name = wait.recipient if isinstance(wait, Interval) else None
    return name or UNKNOWN
