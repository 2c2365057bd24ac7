"""What is drawn, and that it fits where it is drawn."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from streams.demo.story import Story
from streams.demo.view import Picture, render
from streams.http.live_page.firing_alerts import Alert
from streams.monitoring.scrape import Scrape, parse
from streams.simulator.live import Plan, Progress

BEGAN = datetime(2026, 9, 1, tzinfo=UTC)
PLAN = Plan(start=BEGAN - timedelta(days=400), since=BEGAN, paced_from=BEGAN, scenario="bad-autumn")


def numbers(at: datetime, **values: float) -> Scrape:
    lines = [f"retention_as_of_timestamp_seconds {at.timestamp()}", "retention_caught_up 1"]
    for window in ("7d", "30d"):
        lines += [f'retention_{name}{{window="{window}"}} {value}' for name, value in values.items()]
    return parse("\n".join(lines) + "\n")


def alert(number: int) -> Alert:
    text = "is missed more often than the month's budget allows, and this is a long line"
    return Alert(f"A{number}", "warning", "support", f"Target {number} {text}", f"It {text}.", 0.0, "")


def a_picture(**more) -> Picture:
    story = Story(PLAN)
    story.update(numbers(BEGAN - timedelta(days=1), nps=50))
    story.update(numbers(BEGAN + timedelta(days=30), nps=-5))
    progress = Progress(start=0.0, end=BEGAN.timestamp(), at=BEGAN.timestamp(), sent=1234, live=True)
    latest = numbers(BEGAN + timedelta(days=60), nps=-20)
    picture = {"url": "http://127.0.0.1:6066", "story": story, "progress": progress, "scrape": latest}
    return Picture(**picture | more)


def drawn(picture: Picture, *, width: int = 80, height: int = 24, terminal: bool = True) -> str:
    console = Console(width=width, height=height, force_terminal=terminal, color_system=None)
    with console.capture() as capture:
        console.print(render(picture, console))
    return capture.get()


@pytest.mark.parametrize("height", [10, 24, 50])
@pytest.mark.parametrize("firing", [None, [], [alert(1)], [alert(n) for n in range(9)]])
def test_picture_fits_the_terminal(height, firing):
    lines = drawn(a_picture(firing=firing, prometheus="http://127.0.0.1:9090"), height=height).splitlines()
    assert len(lines) < height
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines[:2] + [line for line in lines if "churn" in line])


def test_narrow_terminal_shows_fewer_whole_columns():
    opened = Progress(start=0.0, end=BEGAN.timestamp(), at=BEGAN.timestamp() / 2, sent=1234)
    text = drawn(a_picture(progress=opened), width=40, height=40)
    assert "window  retention  churn  lost" in text
    assert "History 2 May 1998, 1,234 events" in text


def test_latency_is_shown_after_the_first_event():
    bucket = 'retention_worker_event_to_metric_seconds_bucket{{le="{}"}} {}\n'
    assert "counted" not in drawn(a_picture())
    for counts, latency in (
        ((5, 5), "99 % counted within 2 s  rejected"),
        ((1, 5), "99 % counted after minutes"),
    ):
        latest = Scrape(
            parse("".join(map(bucket.format, ("2.0", "+Inf"), counts))).series
            | numbers(BEGAN - timedelta(days=2)).series
        )
        text = drawn(a_picture(scrape=latest))
        assert latency in text
        assert max(map(len, text.splitlines())) <= 80
        assert "as of 30 Aug 00:00:00 UTC  99 %" in text


def test_small_terminal_shows_story_and_alerts_first():
    text = drawn(a_picture(firing=[alert(1)], prometheus="http://p"))
    assert "1 Sep  four of five support agents leave" in text
    assert "11 Sep  parcels travel three times as long" in text
    assert "net promoter score (NPS), 30 days      50  -20" in text
    assert "Target 1 is missed" in text
    assert "http://p/alerts" in text
    assert "response, median" not in text, "there is no room for it"
    assert "response, median" in drawn(a_picture(), height=50)


def test_output_without_a_terminal_is_complete():
    assert "response, median" in drawn(a_picture(), height=5, terminal=False)


def test_story_is_empty_before_the_trouble():
    text = drawn(a_picture(scrape=numbers(BEGAN - timedelta(days=2))))
    assert "effect" not in text


def test_missing_number_is_not_shown_as_zero():
    text = drawn(a_picture(scrape=None, progress=None))
    assert "The shop opens" in text
    assert "0" not in text.replace("127.0.0.1:6066", "")


def test_story_events_appear_one_by_one():
    story = Story(PLAN)
    assert [event.description for event in story.so_far(numbers(BEGAN - timedelta(hours=1)))] == []
    assert len(list(story.so_far(numbers(BEGAN + timedelta(days=1))))) == 1
    assert len(list(story.so_far(numbers(BEGAN + timedelta(days=26))))) == 2


def test_steady_shop_has_no_story_events():
    assert Story(Plan(start=BEGAN, since=BEGAN, scenario="steady")).events == []


@pytest.mark.parametrize(("opened", "title"), [("", "human "), ('{schedule="support"} 1', "open hours ")])
def test_response_times_are_in_open_time_if_support_has_hours(opened, title):
    labels = 'window="24h",by="human",priority="all",quantile="0.5"'
    times = "".join(
        f'retention_first_response_seconds{{{labels},clock="{clock}"}} {hours * 3600}\n'
        for clock, hours in (("calendar", 65), ("business", 2))
    )
    hours = f"retention_support_open{opened}\n" if opened else ""
    latest = numbers(BEGAN + timedelta(days=60), nps=-20)
    text = drawn(a_picture(scrape=Scrape(parse(times + hours).series | latest.series)), height=50)
    assert title in text
    assert ("2.0 h" in text) == bool(opened)
