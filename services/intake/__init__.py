"""The house where a person's case begins and ends.

Decides: first contact, application, completion, assessment, decision, and when a case closes and reopens.
Keeps: the identity vault, the only place that knows whose a person_ref is
Hears: nothing yet
Tells: intake-events
"""
