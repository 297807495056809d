"""A gap in the sequences of a stream, counted."""

from collections.abc import Sequence
from uuid import uuid4

import pytest

from contracts.codes import CloseReason
from contracts.intake import CaseClosedV1
from contracts.referrals import AdviceGivenV1
from services.leadtimes.handlers import missing
from tests.unit.leadtimes_shell.test_translate import told


@pytest.mark.parametrize(
    ("heard", "gaps"), [((), 0), ((1,), 0), ((2,), 1), ((3, 1, 2), 0), ((1, 4), 2), ((1, 1, 3), 1), ((None, None), 0), ((None, 2), 1)]
)
def test_what_later_sequences_say_must_exist_is_missing(heard: Sequence[int | None], gaps: int) -> None:
    closed = told(CaseClosedV1(reason=CloseReason.MOVED))
    assert missing(closed.model_copy(update={"sequence": sequence}) for sequence in heard) == gaps


def test_gaps_are_counted_topic_by_topic_and_a_case_known_by_referrals_alone_lacks_its_beginning() -> None:
    closed = told(CaseClosedV1(reason=CloseReason.MOVED)).model_copy(update={"sequence": 1})
    sent = [told(AdviceGivenV1(referral_id=uuid4())).model_copy(update={"sequence": sequence}) for sequence in (1, 2, 4)]
    assert missing([closed, *sent[:2]]) == 0, "the same numbers of another topic"
    assert missing([closed, *sent]) == 1
    assert missing(sent[:2]) == 1
