"""The house where a person's case begins and ends.

Decides: first contact, application, completion, assessment, decision, and when a case closes and reopens.
Hears: nothing yet
Tells: intake-events
"""
