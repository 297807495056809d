"""The pages in a headless Chromium: for everybody, on a phone, without JavaScript, in both languages, with the figures of the API."""

from pathlib import Path
from typing import Any

import psutil
import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Page

from tests.browser.conftest import CHOICE, EVERY_PAGE, FLOWS, LOG, MEASURES, PROGRESS, WAITS, Site
from tests.browser.small_log import CONFIRMED, RECEIVED
from tools.picture import NoPicture, picture

MEASURE_CODES = ("L20", "L14", "L01", "L02", "L03", "L04", "L05", "L06", "L07", "L08", "L09")
LANGUAGES = ("sv", "en")
PHONE, DESK = 360, 1100

every_page = pytest.mark.parametrize("path", EVERY_PAGE)
every_language = pytest.mark.parametrize("lang", LANGUAGES)


async def figures_on(page: Page) -> dict[str, set[float]]:
    """Every figure of a page by its name: each may stand there more than once, and then with one value."""
    found: dict[str, set[float]] = {}
    for element in await page.locator("data[data-of]").all():
        name, value = await element.get_attribute("data-of"), await element.get_attribute("value")
        assert (await element.text_content() or "").strip()
        found.setdefault(str(name), set()).add(float(value or "nan"))
    return found


def leaves(answer: Any, name: str) -> dict[str, float]:
    """Every number of a JSON answer under the path that leads to it."""
    match answer:
        case dict():
            return {path: leaf for key, value in answer.items() for path, leaf in leaves(value, f"{name}.{key}").items()}
        case list():
            return {path: leaf for place, value in enumerate(answer) for path, leaf in leaves(value, f"{name}.{place}").items()}
        case int() | float() if not isinstance(answer, bool):
            return {name.removeprefix("."): float(answer)}
        case _:
            return {}


def headline(answer: dict[str, Any], name: str) -> dict[str, float]:
    """What the headline shows of all, and of each group."""
    told = {f"{name}.{part}.n": float(answer[part]["n"]) for part in ("completed", "still_waiting")}
    told |= leaves(answer["ended_otherwise"], f"{name}.ended_otherwise")
    known = [{} if point["beyond_follow_up"] else {part: point[part] for part in ("share", "low", "high")} for point in answer["curve"]]
    told |= leaves(known, f"{name}.curve")
    for place, group in enumerate(answer.get("groups", ())):
        told |= headline(group, f"{name}.groups.{place}")
    return told


@every_page
@every_language
async def test_axe_finds_no_violation_on_a_desk_and_on_a_phone(site: Site, path: str, lang: str) -> None:
    async with site.page(site.address(path, lang=lang), DESK) as page:
        for width in (DESK, PHONE):
            await page.set_viewport_size({"width": width, "height": 800})
            found = await Axe().run(page)
            assert found.violations_count == 0, found.generate_report()


@every_page
@every_language
async def test_a_phone_shows_a_page_without_sideways_scroll(site: Site, path: str, lang: str) -> None:
    async with site.page(site.address(path, lang=lang), PHONE, is_mobile=True) as page:
        assert await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]") == [PHONE, PHONE]


# What a page counts does not depend on its language: two measures in Swedish, one of them in working days, and all in English.
@pytest.mark.parametrize(("code", "lang"), [*((code, "en") for code in MEASURE_CODES), ("L04", "sv"), ("L09", "sv")])
async def test_without_javascript_the_measures_are_those_of_the_api(site: Site, code: str, lang: str) -> None:
    answered = site.json(f"/leadtimes/measures/{code}", **site.limits)
    known = [point for point in answered["curve"] if not point["beyond_follow_up"]]
    told = leaves({part: answered[part] for part in ("completed", "still_waiting", "ended_otherwise", "excluded")}, code)
    told |= leaves([{part: point[part] for part in ("share", "low", "high")} for point in known], f"{code}.curve")
    groups = site.json(f"/leadtimes/measures/{code}", **site.limits, by="hindrance")["groups"]
    for place, each in enumerate(groups):
        done, still = each["completed"], each["still_waiting"]
        medians = {"completed": {"median": done["median"]}, "still_waiting": {"median_so_far": still["median_so_far"]}}
        if code == "L09":
            medians = {
                "completed": {"working_days": {"median": done["working_days"]["median"]}},
                "still_waiting": {"working_days_median_so_far": still["working_days_median_so_far"]},
            }
        of = f"{code}.groups.{place}"
        told |= {f"{of}.completed.n": done["n"], f"{of}.still_waiting.n": still["n"]} | leaves(medians, of)
    told |= headline(site.json("/leadtimes/measures/L20", **site.limits, by="hindrance"), "headline")
    async with site.page(site.address(MEASURES, measure=code, lang=lang), java_script_enabled=False) as page:
        shown = await figures_on(page)
    assert told.items() <= {name: next(iter(values)) for name, values in shown.items()}.items()
    assert all(len(values) == 1 for values in shown.values())


@every_language
async def test_without_javascript_the_months_of_support_are_those_of_the_api(site: Site, lang: str) -> None:
    answered = site.json("/leadtimes/measures/L24", **site.limits)
    told = leaves({part: answered[part] for part in ("completed", "still_receiving", "ended_otherwise", "excluded")}, "L24")
    async with site.page(site.address(MEASURES, measure="L24", lang=lang), java_script_enabled=False) as page:
        shown = await figures_on(page)
    assert answered["still_receiving"]["n"] > 0
    assert told.items() <= {name: next(iter(values)) for name, values in shown.items()}.items()
    assert all(len(values) == 1 for values in shown.values())


async def test_without_javascript_the_overview_shows_completed_beside_still_waiting_of_every_measure(site: Site) -> None:
    async with site.page(site.address(MEASURES), java_script_enabled=False) as page:
        shown = await figures_on(page)
    for code in MEASURE_CODES:
        answered = site.json(f"/leadtimes/measures/{code}", **site.limits)
        assert shown[f"{code}.still_waiting.n"] == {answered["still_waiting"]["n"]}
        assert shown[f"{code}.completed.n"] == {answered["completed"]["n"]}


@every_language
async def test_without_javascript_the_waits_of_a_log_are_those_of_the_api(site: Site, lang: str) -> None:
    answered = site.json(f"/leadtimes/logs/{LOG}/waits", **{"from": RECEIVED, "to": CONFIRMED})
    assert (answered["n"], answered["events"], answered["censored"]) == (12, 9, 3)
    beyond = [day for day in answered["S"] if day not in answered["rmst"]]
    assert beyond, "the small log is followed for less than a year"
    for part in ("S", "S_ci95_loglog"):
        answered[part] = {day: value for day, value in answered[part].items() if day not in beyond}
    parts = ("n", "events", "km_median", "naive_median_completed_only", "S", "S_ci95_loglog", "open_wait_age_days", "months")
    told = leaves({part: answered[part] for part in parts}, "")
    async with site.page(site.address(WAITS, lang=lang), java_script_enabled=False) as page:
        shown = await figures_on(page)
        assert await page.locator("td.beyond").count() == len(beyond)
    assert {name: {value} for name, value in told.items()} == shown


@every_page
async def test_a_page_loads_nothing_runs_nothing_and_is_allowed_its_own_style(site: Site, path: str) -> None:
    async with site.page(site.address(path)) as page:
        complaints: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        await page.reload()
        assert complaints == []
        assert len(asked) == 1
        assert await page.locator("script").count() == 0
        assert await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"


@pytest.mark.parametrize(("locale", "heading"), [("sv-SE", "Ledtider"), ("en-GB", "Lead times"), ("fi-FI", "Ledtider")])
async def test_the_language_is_that_of_the_browser_and_swedish_where_we_do_not_write_it(site: Site, locale: str, heading: str) -> None:
    async with site.page(site.address(MEASURES), locale=locale) as page:
        assert await page.locator("h1").text_content() == heading


async def test_the_other_language_is_one_click_away_and_keeps_what_was_asked(site: Site) -> None:
    async with site.page(site.address(MEASURES, measure="L01", lang="sv")) as page:
        await page.get_by_role("link", name="English").click()
        assert await page.locator("h1").text_content() == "Lead times"
        assert await page.locator("html").get_attribute("lang") == "en"
        assert "From first contact to application" in (await page.locator("#measure-title").text_content() or "")
        assert await page.locator("time").first.get_attribute("datetime") == site.limits["as_of"]


async def test_without_javascript_a_log_is_asked_by_a_form(site: Site) -> None:
    async with site.page(site.address(CHOICE, lang="en"), java_script_enabled=False) as page:
        await page.get_by_label("From").select_option(RECEIVED)
        await page.get_by_label("To").select_option(CONFIRMED)
        await page.get_by_role("button", name="Show the waits").click()
        assert (await figures_on(page))["n"] == {12}


async def test_without_javascript_what_follows_what_is_that_of_the_api_and_sorted_by_a_link(site: Site) -> None:
    answered = site.json(f"/leadtimes/logs/{LOG}/stats")
    told = leaves({part: answered[part] for part in ("cases", "events", "variants")}, "")
    told |= {
        f"transitions_s.{pair}.{of}": spread[of] for pair, spread in answered["transitions_s"].items() for of in ("n", "median", "p90")
    }
    async with site.page(site.address(FLOWS, lang="en"), java_script_enabled=False) as page:
        assert await figures_on(page) == {name: {value} for name, value in told.items()}
        await page.get_by_role("link", name="Half within").click()
        assert await page.locator('th[aria-sort="descending"]').inner_text() == "Half within ▼"
        await page.get_by_role("link", name="Measure between other activities").click()
        await page.get_by_role("link", name="What follows what").click()
        assert await page.locator("h1").text_content() == f"What follows what in the log {LOG}"


async def test_a_form_sent_with_an_empty_date_shows_the_state_of_now(site: Site) -> None:
    async with site.page(site.address(MEASURES, lang="en"), java_script_enabled=False) as page:
        await page.get_by_label("Show the state at the end of").fill("")
        await page.get_by_role("button", name="Show").click()
        assert await page.locator("h1").text_content() == "Lead times"


async def test_an_unfinished_import_says_how_far_it_is(site: Site) -> None:
    for path in (PROGRESS, PROGRESS.replace("/page", "/flows")):
        async with site.page(site.address(path, lang="en")) as page:
            assert "0 of 100 events have arrived" in " ".join((await page.locator("main").inner_text()).split())


async def test_a_reader_sees_one_of_the_two_drawings_and_it_says_what_it_shows(site: Site) -> None:
    for width, drawing in ((DESK, "wide"), (PHONE, "narrow")):
        async with site.page(site.address(WAITS, lang="en"), width) as page:
            shown = page.get_by_role("img", name="Share still waiting")
            assert await shown.count() == 1
            assert drawing in (await shown.get_attribute("class") or "")


def chromiums() -> set[int]:
    return {process.pid for process in psutil.process_iter(["name"]) if "chrom" in (process.info["name"] or "")}


def test_a_picture_is_taken_of_the_whole_page_by_a_one_time_link_and_leaves_no_process(site: Site, tmp_path: Path) -> None:
    before = chromiums()
    link = site.link(WAITS)
    taken = picture(link, tmp_path / "page.png")
    assert taken is not None
    with Image.open(taken) as image:
        assert image.width == 2 * DESK
        assert image.height > image.width
    with pytest.raises(NoPicture, match="status 410"):
        picture(link, tmp_path / "again.png")
    assert not (tmp_path / "again.png").exists()
    assert chromiums() <= before
