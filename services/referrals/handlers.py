"""What referrals does with what it hears, in the transaction of its inbox."""

from contracts.envelope import Envelope
from shared.postgres import Transaction


async def apply(tx: Transaction, envelope: Envelope) -> None:
    """Nothing yet."""
