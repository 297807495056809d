"""The words of the pages, Swedish and English, and how numbers and times are written in each."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from services.leadtimes.api.insats_texts import HOLDERS, INSATS_CODES, INSATS_COUNTED, INSATS_TEXTS
from services.leadtimes.api.log_texts import LOG_TEXTS
from services.leadtimes.api.measure_texts import GROUP_NAMES, MEASURE_TEXTS
from shared.clock import LOCAL

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


class Language(StrEnum):
    """A language the pages are written in."""

    SWEDISH = "sv"
    ENGLISH = "en"


def preferred(asked: str | None, accept_language: str | None) -> Language:
    """The language asked for, else the first of the reader's own that we write, else Swedish."""
    for tag in [asked or "", *_by_weight(accept_language or "")]:
        for language in Language:
            if re.match(rf"{language}\b", tag.strip().lower()):
                return language
    return Language.SWEDISH


def _by_weight(accept_language: str) -> list[str]:
    ranges = [re.fullmatch(r"\s*([\w*-]+)\s*(?:;\s*q=([01](?:\.\d{1,3})?))?\s*", part) for part in accept_language.split(",")]
    weighed = [(float(found[2] or 1), found[1]) for found in ranges if found]
    return [tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


# Every text: (Swedish, English).
TEXTS: Mapping[str, tuple[str, str]] = {
    # every page
    "sluss": ("Sluss", "Sluss"),
    "skip": ("Hoppa till innehållet", "Skip to the content"),
    "language": ("Språk", "Language"),
    "other_language": ("English", "Svenska"),
    "staff": (
        "Sidan är för personal och visar även små antal. Lämna den inte vidare som den är.",
        "This page is for staff and shows small counts too. Do not pass it on as it is.",
    ),
    "as_of": ("Läget", "As of"),
    "count": ("Antal", "Count"),
    "share": ("Andel", "Share"),
    "interval": ("95 % konfidensintervall", "95% confidence interval"),
    "to": ("till", "to"),
    "of": ("av", "of"),
    "no_value": ("–", "–"),
    "beyond": ("längre än uppföljningen", "beyond follow-up"),
    "too_few": ("för få följda från början", "too few followed from the start"),
    "too_few.note": (
        "För få har följts från början för att säga när hälften av alla var färdiga.",
        "Too few were followed from the start to say when half of all were completed.",
    ),
    "waited": ("Har väntat", "Have waited"),
    "waiting.half": ("Hälften av dem har hittills väntat minst", "Half of them have so far waited at least"),
    "none_waiting": ("Ingen väntar just nu.", "Nobody is waiting right now."),
    "median.all": ("median, alla inräknade", "median, everybody counted"),
    "median.all.note": (
        "Så lång tid tog det innan hälften av alla var färdiga, när de som fortfarande väntar räknas med.",
        "How long it took until half of all were completed, with those who still wait counted in.",
    ),
    "median.completed": ("median, bara de färdiga", "median, only those completed"),
    "median.completed.note": (
        "Bortser från alla som fortfarande väntar. De har ofta väntat längst, så siffran blir ofta för låg.",
        "Leaves out everybody who still waits. They have often waited longest, so this figure is often too low.",
    ),
    "median.completed.note.none_waiting": (
        "Medianen av de färdigas egna värden. Ingen väntar just nu.",
        "The median of the values of those completed. Nobody is waiting right now.",
    ),
    "not_reached": ("inte uppnådd", "not reached"),
    "not_reached.note": (
        "Färre än hälften av alla var färdiga så långt någon har följts.",
        "Fewer than half of all were completed as far as anybody was followed.",
    ),
    "curve.kaplan_meier": (
        "Kurvan räknar med alla, även dem som fortfarande väntar (Kaplan–Meier).",
        "The curve counts everybody, those who still wait too (Kaplan–Meier).",
    ),
    "curve.aalen_johansen": (
        "Kurvan räknar med alla, även dem som fortfarande väntar och dem som slutade på annat sätt (Aalen–Johansen).",
        "The curve counts everybody, those who still wait and those who ended otherwise too (Aalen–Johansen).",
    ),
    "curve.band": (
        "Fältet med streckad kant är 95 % konfidensintervall.",
        "The field with a dashed edge is the 95% confidence interval.",
    ),
    "curve.empty": ("Ingen har följts ännu, så det finns ingen kurva.", "Nobody has been followed yet, so there is no curve."),
    "curve.desc": (
        "Trappstegskurva. {points}. Tabellen intill har samma siffror.",
        "Step curve. {points}. The table beside it has the same figures.",
    ),
    "axis.days": ("dagar sedan {since}", "days since {since}"),
    "axis.log": ("tid sedan {since}, logaritmisk skala", "time since {since}, logarithmic scale"),
    # the measures
    "measures.title": ("Ledtider", "Lead times"),
    "measures.lead": (
        "Hur länge människor väntar från första kontakt till en insats, och på varje steg dit.",
        "How long people wait from first contact to an insats, and at each step on the way.",
    ),
    "overview": ("Alla mått", "Every measure"),
    "known_at": ("Registrerat senast", "Recorded by"),
    "rule_set": ("Regelverk", "Rule set"),
    "waiting": ("väntar fortfarande", "still waiting"),
    "ended": ("slutade på annat sätt", "ended otherwise"),
    "median": ("median", "median"),
    "median_so_far": ("median hittills", "median so far"),
    "within": ("Inom", "Within"),
    "within.days": ("inom {days} dagar", "within {days} days"),
    "waiting.title": ("Väntar fortfarande", "Still waiting"),
    "completed.title": ("Färdiga", "Completed"),
    "completed.figure": ("Väntan", "Wait"),
    "calendar_days": ("Kalenderdagar", "Calendar days"),
    "working_days": ("Arbetsdagar", "Working days"),
    "completed.mean": ("Medelvärde", "Mean"),
    "completed.median": ("Hälften inom (median)", "Half within (median)"),
    "completed.p75": ("Tre av fyra inom", "Three in four within"),
    "completed.p90": ("Nio av tio inom", "Nine in ten within"),
    "completed.note": ("De som fortfarande väntar ingår inte här.", "Those who still wait are not in these figures."),
    "ended.title": ("Slutade på annat sätt", "Ended otherwise"),
    "ended.none": ("Ingen.", "Nobody."),
    "reason": ("Anledning", "Reason"),
    "excluded.title": ("Räknas inte med", "Not counted"),
    "excluded.none": ("Alla räknas med.", "Everybody is counted."),
    "rule": ("Regel", "Rule"),
    "about.title": ("Om siffrorna", "About the figures"),
    "about.limits": (
        "De räknar det som hade hänt vid lägets datum och var registrerat senast vid det andra. Ett datum gäller till dagens slut.",
        "They count what had happened by the as-of date and was recorded by the other. A date lasts to the end of its day.",
    ),
    "about.days": (
        "Där inget annat står är de kalenderdagar. Ett negativt värde visas som det är; i kurvan räknas det som noll.",
        "They are calendar days where nothing else is said. A negative value is shown as it is; in the curve it counts as zero.",
    ),
    "about.working_days": (
        "Arbetsdagar är måndag till fredag utom helgdagar, midsommarafton, julafton och nyårsafton; dagen då väntan börjar räknas inte.",
        "Working days are Monday to Friday without holidays and the eves of Midsummer, Christmas and New Year; the first day is left out.",
    ),
    "about.incomplete": (
        "ärenden saknar en händelse som borde ha kommit. Deras siffror kan ändras.",
        "cases lack an event that should have come. Their figures may change.",
    ),
    "about.incomplete.one": (
        "ärende saknar en händelse som borde ha kommit. Dess siffror kan ändras.",
        "case lacks an event that should have come. Its figures may change.",
    ),
    "about.complete": ("Inget ärende saknar någon händelse.", "No case lacks an event."),
    "about.unmapped": ("Koder som systemet inte känner, visade som de kom:", "Codes that the system does not know, shown as they came:"),
    "as_of.label": ("Visa läget i slutet av", "Show the state at the end of"),
    "show": ("Visa", "Show"),
    "logs": ("Importerade loggar", "Imported logs"),
    **MEASURE_TEXTS,
    **INSATS_TEXTS,
    **LOG_TEXTS,
}

# Codes that a figure is divided by: why a wait ended otherwise, and which rule kept one out.
CODES: Mapping[str, tuple[str, str]] = {
    "decided": ("beslut fattades innan", "decided before it"),
    "withdrawn": ("återtagen", "withdrawn"),
    "self_supporting_work": ("självförsörjande genom arbete", "self-supporting by work"),
    "studies": ("studier", "studies"),
    "other_benefit": ("annan ersättning", "another benefit"),
    "other_support": ("annat stöd", "other support"),
    "moved": ("flyttat", "moved away"),
    "deceased": ("avliden", "deceased"),
    "rejected": ("avslag", "rejected"),
    "no_contact": ("ingen kontakt", "no contact"),
    "protected_transfer": ("överflyttad med skyddade uppgifter", "transferred with protected data"),
    "lapsed_no_application": ("ingen ansökan inom 30 dagar", "no application within 30 days"),
    "lapsed_no_support": ("en hel månad utan bistånd", "a whole month without support"),
    "entered_in_error": ("registrerat av misstag", "entered in error"),
    "closed": ("avslutat utan angiven anledning", "closed without a reason given"),
    "before_plan": ("anvisad före planen", "assigned before the plan"),
    "starts_after_closing": ("väntan skulle börja efter avslutet", "the wait would start after the closing"),
    "decided_without_completion": ("beslut utan den begärda kompletteringen", "decided without the completion asked for"),
    "first_contact_inferred": (
        "ingen första kontakt, ansökan räknas som den",
        "no first contact, the application stands in for it",
    ),
    "negative": ("slutet är daterat före början", "the end is dated before the start"),
    "ended_before_known_from": ("slutade innan systemet togs i bruk", "ended before the system was taken into use"),
    "reopened_too_late": ("återöppnat för sent för att räknas", "reopened too late to count"),
    **INSATS_CODES,
}

MONTHS = (
    ("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december"),
    ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
)
# What each measure counts: (one, many) in each language.
COUNTED: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "L01": (("ärende", "ärenden"), ("case", "cases")),
    "L02": (("ansökan", "ansökningar"), ("application", "applications")),
    "L03": (("ansökan", "ansökningar"), ("application", "applications")),
    "L04": (("ärende", "ärenden"), ("case", "cases")),
    "L05": (("ansökan", "ansökningar"), ("application", "applications")),
    "L06": (("utredning", "utredningar"), ("assessment", "assessments")),
    "L07": (("ärende", "ärenden"), ("case", "cases")),
    "L08": (("ärende", "ärenden"), ("case", "cases")),
    "L09": (("ärende", "ärenden"), ("case", "cases")),
    "L24": (("ärende", "ärenden"), ("case", "cases")),
    **INSATS_COUNTED,
}
UNITS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "second": (("sekund", "sekunder"), ("second", "seconds")),
    "minute": (("minut", "minuter"), ("minute", "minutes")),
    "hour": (("timme", "timmar"), ("hour", "hours")),
    "day": (("dag", "dagar"), ("day", "days")),
    "working_day": (("arbetsdag", "arbetsdagar"), ("working day", "working days")),
    "month": (("månad", "månader"), ("month", "months")),
    "week": (("vecka", "veckor"), ("week", "weeks")),
    "year": (("år", "år"), ("year", "years")),
    "h": (("tim", "tim"), ("h", "h")),
    "min": (("min", "min"), ("min", "min")),
    "s": (("s", "s"), ("s", "s")),
}
SECONDS_IN = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class Words:
    """The texts of one language, and numbers, shares, lengths of time and dates written as it writes them."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = list(Language).index(language)

    def __call__(self, name: str, /, **values: str) -> str:
        """The text of that name with its gaps filled; KeyError for a name nobody wrote."""
        return TEXTS[name][self._column].format(**values)

    def code(self, code: str) -> str | None:
        """What a code means; None for one that we do not know, which is shown as it came."""
        known = CODES.get(code)
        return known[self._column] if known else None

    def group(self, name: str) -> str | None:
        """What a group is called; None for one that has no other name than its own."""
        known = GROUP_NAMES.get(name)
        return known[self._column] if known else None

    def holder(self, holder: str) -> str | None:
        """Who holds the ball; None for a recipient, who is shown by the code."""
        known = HOLDERS.get(holder)
        return known[self._column] if known else None

    def counted(self, n: int, measure: str) -> str:
        """So many of what a measure counts: 46 cases, 1 application."""
        one, many = COUNTED[measure][self._column]
        return f"{self.number(n)}{NBSP}{one if n == 1 else many}"

    def bucket(self, name: str) -> str:
        """A stretch of ages under its name in a report: `0-30` is 0–30 days, `over_365` is over 365 days."""
        if name.startswith("over_"):
            return f"{('över', 'over')[self._column]} {self.days(float(name.removeprefix('over_')))}"
        return f"{name.replace('-', '–')}{NBSP}{UNITS['day'][self._column][1]}"

    def number(self, value: float, decimals: int = 0) -> str:
        """With the language's decimal and thousands marks; trailing zeros of a fraction stay away, and zero has no sign."""
        text = f"{value:,.{decimals}f}"
        if decimals:
            text = text.rstrip("0").rstrip(".")
        if text == "-0":
            text = "0"
        text = text.replace("-", MINUS)
        return text.replace(",", NBSP).replace(".", ",") if self.language is Language.SWEDISH else text

    def share(self, value: float) -> str:
        """A share of one as per cent, with one decimal always: 0.3653 is 36.5 %."""
        return self._per_cent(f"{value * 100:.1f}")

    def rough_share(self, value: float) -> str:
        """A share of one as whole per cent: for the marks of an axis."""
        return self._per_cent(f"{value * 100:.0f}")

    def _per_cent(self, digits: str) -> str:
        return f"{digits.replace('.', ',')}{NBSP}%" if self.language is Language.SWEDISH else f"{digits}%"

    def days(self, value: float) -> str:
        """A number of days, whole or with one decimal: 15 days, 14.5 days."""
        return self._with_unit(value, "day", 1)

    def working_days(self, value: float) -> str:
        """A number of working days, whole or with one decimal: 10 working days."""
        return self._with_unit(value, "working_day", 1)

    def months(self, value: float) -> str:
        """A number of months, whole or with one decimal: 6 months."""
        return self._with_unit(value, "month", 1)

    def duration(self, days: float) -> str:
        """A length of time, given in days, in the unit that fits it: 41 seconds, 15 minutes, 21.4 hours, 4.7 days, 218 days."""
        seconds = abs(days) * SECONDS_IN["day"]
        unit = next((unit for unit, limit in (("second", 90), ("minute", 90 * 60), ("hour", 36 * 3600)) if seconds < limit), "day")
        value = days * SECONDS_IN["day"] / SECONDS_IN[unit]
        return self._with_unit(value, unit, 1 if abs(value) < 100 else 0)

    def short(self, days: float) -> str:
        """A round length of time as an axis names it: 10 s, 1 min, 1 h, 1 day, 1 week, 1 year."""
        for unit, length in (("year", 365.0), ("week", 7.0), ("day", 1.0), ("h", 1 / 24), ("min", 1 / 1440)):
            if days >= length and (days / length).is_integer():
                return self._with_unit(days / length, unit, 0)
        return self._with_unit(days * SECONDS_IN["day"], "s", 0)

    def _with_unit(self, value: float, unit: str, decimals: int) -> str:
        number = self.number(value, decimals)
        one, many = UNITS[unit][self._column]
        return f"{number}{NBSP}{one if number == '1' else many}"

    def day(self, day: date) -> str:
        """A date: 31 mars 2026."""
        return f"{day.day}{NBSP}{MONTHS[self._column][day.month - 1]} {day.year}"

    def moment(self, at: datetime) -> str:
        """An instant on the Swedish clock: 31 mars 2026 kl. 15.42."""
        local = at.astimezone(LOCAL)
        if self.language is Language.SWEDISH:
            return f"{self.day(local.date())} kl.{NBSP}{local:%H.%M}"
        return f"{self.day(local.date())} at{NBSP}{local:%H:%M}"

    def when(self, written: str) -> str:
        """A date or an instant as JSON writes it; a date means to its end."""
        if re.fullmatch(r"\d{4}-\d\d-\d\d", written):
            return self.day(date.fromisoformat(written))
        return self.moment(datetime.fromisoformat(written))
