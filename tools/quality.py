"""`sluss status --quality`: how the facts were registered, as leadtimes counted them."""

from typing import Any, Final

from deploy.local.record import StreetRecord
from tools.api import open_api
from tools.figures import moment, print_columns, print_csv, print_json

COUNTS: Final = {
    "late": "facts registered on a later day than they happened",
    "corrected": "facts that a correction took away or replaced",
    "duplicates": "cases marked as the duplicate of another",
}


def read_quality(record: StreetRecord) -> dict[str, Any]:
    """What leadtimes says of registration. Raises NotReachable."""
    with open_api(record, "leadtimes") as api:
        return dict(api.get("quality"))


def show_quality(record: StreetRecord, shown_as: str) -> None:
    """The counts for people, or for programs."""
    found = read_quality(record)
    if shown_as == "json":
        print_json(found)
    elif shown_as == "csv":
        print_csv([found])
    else:
        rows = [[name, meaning, f"{found[name]:,}"] for name, meaning in COUNTS.items()]
        print_columns(["quality", f"of {found['facts']:,} facts, known at {moment(found['known_at'])}", "count"], rows, left=2)
