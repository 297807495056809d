"""All SQL of referrals. Decides nothing."""
