"""Pauses that end early: a background loop waits for what wakes it, for the stop, or for the time, whichever is first."""

import asyncio


async def pause(seconds: float | None, *until: asyncio.Event) -> None:
    """Returns when one of the events is set, or after `seconds`; None: however long it takes."""
    waits = [asyncio.create_task(event.wait()) for event in until]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
