"""What a referral is and may become. Pure: the standard library only."""
