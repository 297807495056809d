"""The Python client of Sluss, for those who build a screen or a batch on it. Needs nothing else of Sluss.

`IntakeClient` and `ReferralsClient` have a method for each operation; what the service refuses is a `Refusal` with the cause, the cure and
the steps allowed now.
"""

from sluss_client.answers import (
    Application,
    Arrivals,
    Assignment,
    Case,
    Caseload,
    Change,
    CodeSet,
    Decision,
    Fact,
    Handling,
    Household,
    ImportedItem,
    ItemProblem,
    Member,
    Moment,
    Passage,
    Plan,
    Route,
    Step,
    Task,
    Worker,
)
from sluss_client.intake import IntakeClient
from sluss_client.referral_answers import (
    Blocked,
    Conflict,
    Deviation,
    Group,
    InLine,
    ListedReferral,
    Programme,
    Referral,
    Referrals,
    ReferralTask,
    WholeProgramme,
)
from sluss_client.referrals import ReferralsClient
from sluss_client.refusals import Refusal, Unshown

__all__ = [
    "Application",
    "Arrivals",
    "Assignment",
    "Blocked",
    "Case",
    "Caseload",
    "Change",
    "CodeSet",
    "Conflict",
    "Decision",
    "Deviation",
    "Fact",
    "Group",
    "Handling",
    "Household",
    "ImportedItem",
    "InLine",
    "IntakeClient",
    "ItemProblem",
    "ListedReferral",
    "Member",
    "Moment",
    "Passage",
    "Plan",
    "Programme",
    "Referral",
    "ReferralTask",
    "Referrals",
    "ReferralsClient",
    "Refusal",
    "Route",
    "Step",
    "Task",
    "Unshown",
    "WholeProgramme",
    "Worker",
]
