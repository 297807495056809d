"""What can be done next, and what is refused: the words in which a decision answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Step(StrEnum):
    """What can be done next with a case, with one of its applications or with one of its assignments."""

    REGISTER_CONTACT = "register_contact"
    RECEIVE_APPLICATION = "receive_application"
    REQUEST_COMPLETION = "request_completion"
    COMPLETE_APPLICATION = "complete_application"
    WITHDRAW_APPLICATION = "withdraw_application"
    START_ASSESSMENT = "start_assessment"
    COMPLETE_ASSESSMENT = "complete_assessment"
    MAKE_DECISION = "make_decision"
    CODE_HINDRANCE = "code_hindrance"
    CHECK_PES = "check_pes"
    OBSERVE_INSATS = "observe_insats"
    ASSIGN_CASE = "assign_case"
    AGREE_PLAN = "agree_plan"
    EXPIRE_PLAN = "expire_plan"
    HOLD_FOLLOW_UP = "hold_follow_up"
    ISSUE_ASSIGNMENT = "issue_assignment"
    ANSWER_ASSIGNMENT = "answer_assignment"
    ATTEND_INTRO_DAYS = "attend_intro_days"
    HOLD_PLANNING_MEETING = "hold_planning_meeting"
    CLOSE_CASE = "close_case"
    REOPEN_CASE = "reopen_case"
    MARK_DUPLICATE = "mark_duplicate"
    UNMARK_DUPLICATE = "unmark_duplicate"


@dataclass(frozen=True)
class Next:
    """One step that is allowed now, and the application or the assignment that it is about."""

    step: Step
    ref: UUID | None = None


class Refused(Exception):
    """What the domain forbids: why, in words that hold nothing of what was said, and the steps allowed now."""

    def __init__(self, message: str, allowed: Sequence[Next] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.allowed = tuple(allowed)


class NotYet(Refused):
    """It is said to have happened later than now."""

    def __init__(self) -> None:
        super().__init__("This has not happened yet: a time later than now cannot be registered.")
