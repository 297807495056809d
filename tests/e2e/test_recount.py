"""Two ways to L20 that share nothing: what leadtimes answers after simulated months, and the diary counted by brute force."""

import json
from collections.abc import Iterator

import pytest

from deploy.local.record import StreetRecord, read_record
from tests import recount
from tools.api import open_api
from tools.own_street import street_of_its_own
from tools.simulate import FOLDER, begins, chosen, diary_of, run


@pytest.fixture
def street_of_the_simulation(monkeypatch: pytest.MonkeyPatch) -> Iterator[StreetRecord]:
    """A street of its own, its clock born at go-live."""
    monkeypatch.setenv("SLUSS_STREET", str(FOLDER))
    with street_of_its_own(FOLDER, "simulation", begins(chosen("vasby"))):
        yield read_record(FOLDER)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_l20_of_simulated_months_is_that_of_a_brute_force_recount(
    street_of_the_simulation: StreetRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(street_of_the_simulation, "vasby", chosen("vasby"), months=2, seed=1)
    assert "NOT EQUAL" not in capsys.readouterr().out
    with open_api(street_of_the_simulation, "leadtimes") as api:
        measured = api.get("measures", "L20")
    diary = json.loads(diary_of(FOLDER).read_text())
    counted = recount.l20(diary)
    n, mean, median = counted["completed"]
    assert n > 50
    assert (measured["completed"]["n"], measured["completed"]["median"]) == (n, median)
    assert measured["completed"]["mean"] == pytest.approx(mean)
    assert (measured["still_waiting"]["n"], measured["still_waiting"]["median_so_far"]) == counted["still_waiting"]
    assert measured["ended_otherwise"] == counted["ended_otherwise"]
    assert measured["excluded"] == {"already_in_insats": counted["already_in_insats"]}
    assert {point["day"]: point["share"] for point in measured["curve"]} == pytest.approx(counted["curve"])

    for told in diary["cases"].values():
        told[:] = [each for each in told if each["what"] != "start"]
    assert recount.l20(diary)["curve"] != pytest.approx(counted["curve"]), "a diary without the starts tells something else"
