"""The SQL of referrals."""
