"""Working days (arbetsdagar) of many waits at once, by a calendar that is handed in: which days are holidays is not known here."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias

import numpy as np

from services.leadtimes.domain.survival import Numbers

Calendar: TypeAlias = np.busdaycalendar
"""Which days are working days: Monday to Friday without the holidays it was given."""


def working_days(starts: Sequence[date], ends: Sequence[date], calendar: Calendar) -> Numbers:
    """Working days from each start, itself left out, to its end, itself counted; where that is earlier, minus those of the reverse."""
    one, other = (np.array(days, dtype="datetime64[D]") for days in (starts, ends))
    first, last = np.minimum(one, other), np.maximum(one, other)
    counted = np.busday_count(first + 1, last + 1, busdaycal=calendar)
    return np.asarray(np.where(one <= other, counted, -counted), dtype=np.float64)
