"""Leadtimes (ledtider): how long people wait, those who still wait beside those who do not.

Decides: nothing about people.
Hears: intake-events, referral-events, history-events.
Tells: nothing yet.
"""
