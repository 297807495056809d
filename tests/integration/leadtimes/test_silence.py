"""What hearing asks of the database is given up as soon as anything else that a silent network has swallowed."""

from uuid import uuid4

import pytest

from services.leadtimes import store
from shared import postgres
from shared.postgres import connect, transaction
from tests.integration.leadtimes.conftest import Leadtimes


async def test_histories_are_not_waited_for_longer_than_any_other_answer(leadtimes: Leadtimes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "COMMAND_S", 0.5)
    impatient = await connect(leadtimes.settings.database_url, leadtimes.settings.database_password)
    async with transaction(leadtimes.db) as holder:
        await holder.execute("LOCK TABLE event")
        with pytest.raises(TimeoutError):  # with more patience it is the server's own word, after its `lock_timeout`
            async with transaction(impatient) as tx:
                await store.events.histories(tx, [uuid4()])
    await impatient.close()
