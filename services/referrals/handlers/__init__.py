"""What referrals does, one transaction each: what staff ask, what time brings, and what intake told."""
