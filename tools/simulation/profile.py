"""A profile: the figures of one municipality, each with its tag (S source, D derived, A assumption) and its source."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).parent
Lognormal = tuple[float, float]
"""Median in days, and sigma."""
Weights = dict[str, float]


class Figure(BaseModel):
    """One figure. `of`: where it stands in the calibration, as `stages.categories`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Any
    tag: Literal["S", "D", "A"]
    source: str
    of: str | None = None


class Profile(BaseModel):
    """The figures as they are used; what each means is said in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    go_live: date
    arrivals_per_week: float
    former_clients_per_week: float
    contacts_per_week: float
    target_stock: tuple[int, int]
    contact_to_decision_mean_days: float
    taken_over: int
    never_applies: float
    applies_the_same_day: float
    days_to_application: Lognormal
    most_days_to_application: int
    completion_asked: float
    days_to_completion: Lognormal
    days_to_decision: Lognormal
    decision_median_unrounded: float
    july_slowdown: float
    late_applicants_are_decided_late: float
    assessed: float
    outcomes: Weights
    hindrances: Weights
    other_hindrances: Weights
    channels: Weights
    pes_results: Weights
    enrolled: float
    days_to_enrolment: Lognormal
    days_to_plan: Lognormal
    assigned: float
    days_to_assignment: Lognormal
    weeks_of_support: tuple[tuple[float, float], ...]
    places: dict[str, tuple[str, str, int]]
    recipients: dict[str, Weights]
    sick_referred: float
    others_referred: Weights
    already_in_insats: float
    in_insats_at_go_live: float
    referred_at_go_live: float
    stalls: float
    days_to_answer: Lognormal
    stalled_at_least: int
    stalled_days: float
    acknowledged: float
    told_by_telephone: float
    answers: Weights
    decline_reasons: Weights
    days_on_waiting_list: Lognormal
    booked: float
    stays_away: float
    days_to_start: Lognormal
    group_every_days: int
    days_of_insats: Lognormal
    drops_out: float
    never_there: float
    extended: float
    ready: float
    insats_outcomes: Weights
    first_grant_months: int
    renewal_months: int
    closed_by_hand: float
    closing_reasons: Weights
    comes_again_within_a_year: float
    registered_late: float
    registered_twice: float
    corrected: float
    noise_days: tuple[int, int]


def names() -> list[str]:
    """The profiles there are."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def figures(name: str) -> dict[str, Figure]:
    """Every figure of a profile. Raises ValidationError for one without a tag or a source."""
    read = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    return {figure: Figure.model_validate(said) for figure, said in read.items()}


def read_profile(name: str) -> Profile:
    """The figures of a profile, to be used. Raises ValidationError where one is missing or too much."""
    return Profile.model_validate({figure: said.value for figure, said in figures(name).items()})
