"""What referrals decides: the way of every referral, from the draft to the outcome. Pure."""
