"""Between what is published and what referrals decides on."""
