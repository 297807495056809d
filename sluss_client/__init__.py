"""The Python client of Sluss intake, for those who build a screen or a batch on it. Needs nothing else of Sluss.

`IntakeClient` has a method for each operation; what the service refuses is a `Refusal` with the cause, the cure and the steps allowed now.
"""

from sluss_client.answers import (
    Application,
    Assignment,
    Case,
    Change,
    CodeSet,
    Decision,
    Fact,
    ImportedItem,
    ItemProblem,
    Moment,
    Passage,
    Plan,
    Route,
    Step,
    Task,
)
from sluss_client.intake import IntakeClient
from sluss_client.refusals import Refusal

__all__ = [
    "Application",
    "Assignment",
    "Case",
    "Change",
    "CodeSet",
    "Decision",
    "Fact",
    "ImportedItem",
    "IntakeClient",
    "ItemProblem",
    "Moment",
    "Passage",
    "Plan",
    "Refusal",
    "Route",
    "Step",
    "Task",
]
