"""The house that follows a referral (remiss, anvisning), to a unit of the municipality or to another agency.

Decides: every referral: drafted, sent, received, answered, started, ended; and who has a seat at a provider's programme.
Hears: intake-events
Tells: referral-events
"""
