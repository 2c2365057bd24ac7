"""`retention compute`: the numbers of files, by the core."""

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

CDNOW = Path(__file__).parents[2] / "data" / "cdnow-orders.jsonl.gz"


def series(result):
    """(metric, labels) -> the whole object, of --json output."""
    rows = [json.loads(line) for line in result.out.splitlines()]
    return {(row["metric"], *sorted(row["labels"].items())): row for row in rows}


def order(number, time="2026-01-01T00:00:00Z", **fields):
    return {
        "id": f"e{number}",
        "type": "order.placed",
        "time": time,
        "customer_id": f"c{number}",
        "order_id": "o",
        "amount": 1000,
        "currency": "USD",
    } | fields


@pytest.fixture(scope="module")
def cdnow_arguments():
    return ("compute", CDNOW, "--now", "1998-06-30T23:00:00Z")


@pytest.mark.slow
def test_cdnow_orders_give_the_published_numbers(retention, cdnow_arguments):
    result = retention(*cdnow_arguments, "--json")
    assert (result.code, result.err) == (0, "")
    found = series(result)

    def customers(window):
        key = ("retention_customers", ("window", window))
        names = ("start", "end", "retained", "lost", "reactivated")
        return tuple(found[key[0], ("set", name), key[1]]["value"] for name in names)

    assert customers("90d") == (3808, 3301, 1749, 2059, 1552)
    assert customers("365d")[:2] == (23570, 8332)
    value = found["retention_customer_lifetime_value", ("currency", "USD"), ("method", "cohort")]["value"]
    assert round(value, 2) == 45.37
    assert round(found["retention_realised_value", ("currency", "USD")]["value"], 2) == 106.08
    rate = found["retention_rate_ratio", ("method", "cohort"), ("window", "90d")]
    assert (rate["numerator"], rate["denominator"], rate["as_of"]) == (1749, 3808, "1998-06-30T23:00:00Z")
    assert rate["value"] == 1749 / 3808
    nothing = found["retention_nps", ("window", "90d")]
    assert (nothing["value"], nothing["denominator"]) == (None, 0)


@pytest.mark.slow
def test_table_has_thousands_separators_and_no_nan(retention, cdnow_arguments):
    result = retention(*cdnow_arguments)
    assert result.code == 0
    assert result.out.startswith("As of 1998-06-30 23:00:00 UTC. Money in USD.")
    [heading] = [line.split() for line in result.out.splitlines() if "365d" in line][:1]
    assert heading == ["now", "7d", "30d", "90d", "365d"]
    assert re.search(r"customers, start +354 +1,422 +3,808 +23,570", result.out)
    assert re.search(r"rate, cohort .* 45\.9% \(3,808\)", result.out)
    assert re.search(r"realised value +106\.08 \(23,570\)", result.out)
    assert "nan" not in result.out.lower()
    assert "Feedback" not in result.out


def test_now_is_the_latest_event_unless_it_is_given(retention, events_file):
    path = events_file(order(1), order(2, "2026-01-03T00:00:00Z"), order(3, "2026-01-02T00:00:00+01:00"))
    rows = series(retention("compute", path, "--json"))
    assert {row["as_of"] for row in rows.values()} == {"2026-01-03T00:00:00Z"}
    assert rows["retention_orders", ("window", "7d")]["value"] == 3
    earlier = series(retention("compute", path, "--json", "--now", "2026-01-02T00:00:00Z"))
    assert earlier["retention_orders", ("window", "7d")]["value"] == 2
    later = series(retention("compute", path, "--json", "--now", "2026-02-02T00:00:00Z"))
    assert later["retention_orders", ("window", "7d")]["value"] == 0
    assert later["retention_orders", ("window", "90d")]["value"] == 3


def test_durations_are_printed_with_their_units(retention, events_file):
    ticket = {"customer_id": "c", "ticket_id": "t"}
    path = events_file(
        ticket | {"id": "1", "type": "ticket.opened", "time": "2026-01-01T00:00:00Z"},
        ticket | {"id": "2", "type": "ticket.replied", "time": "2026-01-01T00:12:00Z", "author": "bot"},
        ticket | {"id": "3", "type": "ticket.replied", "time": "2026-01-01T01:40:00Z", "author": "agent"},
        ticket
        | {"id": "4", "type": "ticket.status_changed", "time": "2026-01-04T05:00:00Z", "status": "solved"},
    )
    out = retention("compute", path).out
    assert re.search(r"first response mean, calendar, any, normal .* 12m \(1\)", out)
    assert re.search(r"first response mean, calendar, human, normal .* 1h40m \(1\)", out)
    assert re.search(r"resolution mean, calendar, first, normal .* 3d05h \(1\)", out)
    assert re.search(r"first response, calendar, any, normal .* 12m / 12m", out)


def test_events_of_all_topics_may_be_mixed_and_split_over_files(retention, events_file):
    first = events_file(order(1), {"id": "s", "type": "survey.answered", "time": "2026-01-01T00:00:00Z",
                                   "customer_id": "c1", "survey": "nps", "score": 9})  # fmt: skip
    refund = {"id": "r", "type": "refund.completed", "time": "2026-01-01T00:00:00Z", "customer_id": "c1",
              "refund_id": "r", "order_id": "o", "amount": 1000}  # fmt: skip
    second = first.with_name("second.jsonl.gz")
    second.write_bytes(gzip.compress(json.dumps(refund).encode()))
    rows = series(retention("compute", second, first, "--json"))
    assert rows["retention_nps", ("window", "7d")]["value"] == 100
    assert rows["retention_refund_ratio", ("basis", "full"), ("window", "7d")]["value"] == 1


def test_invalid_lines_are_counted_and_change_no_number(retention, events_file):
    path = events_file(
        order(1),
        b"garbage",
        b"",
        order(2, amount=-1),
        order(3, type="order.eaten"),
        order(4, currency="XXX"),
        order(5, (datetime.now(UTC) + timedelta(days=1)).isoformat()),
        order(6, "1970-01-01T00:00:00Z", type="order.shipped"),
        order(7),
    )
    kept = path.with_name("refused.jsonl")
    result = retention("compute", path, "--json", "--refused", kept)
    assert result.code == 9
    assert series(result)["retention_orders", ("window", "7d")]["value"] == 2
    *lines, refused, left_out = result.err.splitlines()
    reported = [line.split(": ")[:2] for line in lines]
    assert reported == [
        [f"{path}:2", "not_json"],
        [f"{path}:4", "invalid_field"],
        [f"{path}:5", "unknown_type"],
        [f"{path}:6", "unknown_currency"],
        [f"{path}:7", "future_time"],
        [f"{path}:8", "too_old"],
    ]
    assert refused.startswith("5 lines rejected: 1 future_time, 1 invalid_field, ")
    assert refused.endswith(f"; kept in {kept}")
    assert left_out == "1 line left out: 1 too_old"
    assert len(kept.read_text().splitlines()) == 5


def test_conflicting_duplicates_are_counted_with_an_example(retention, events_file):
    path = events_file(order(1), order(1, amount=7), order(1, amount=7))
    result = retention("compute", path, "--json")
    assert "1 conflicting duplicate on orders" in result.err
    assert "(example: e1)" in result.err
    assert "c1" not in result.err
    assert result.code == 0


def test_line_in_another_currency_than_its_order_is_reported(retention, events_file, tmp_path):
    config = tmp_path / "retention.toml"
    config.write_text("[rates]\nEUR = 2.0\n")
    line = {"type": "order.line_placed", "customer_id": "c", "order_id": "o", "time": "2026-01-01T00:00:00Z"}
    first = line | {"id": "e1", "line_id": "1", "amount": 3000, "currency": "USD"}
    other = line | {"id": "e2", "line_id": "2", "amount": 500, "currency": "EUR"}
    for command in ("compute", "--json"), ("map", "check"):
        result = retention(*command, events_file(other, first), "--config", config)
        assert result.code == 0
        printed = " ".join((result.out + result.err).split())
        assert "1 order line left out: in another currency than the first line of the order (e2)" in printed


def test_identity_that_joins_many_others_is_named(retention, events_file):
    merges = [
        {"id": f"m{number}", "type": "customer.merged", "time": "2026-01-01T00:00:00Z",
         "customer_id": f"c{number}", "into": "info@shop.example"}
        for number in range(11)
    ]  # fmt: skip
    result = retention("compute", events_file(order(1), *merges), "--json")
    assert "in…@shop.example joins 11 identities as one customer" in result.err


def test_event_of_a_customer_is_not_the_latest_event(retention, events_file):
    erased = {"id": "x", "type": "customer.erased", "customer_id": "gone", "time": "2026-06-01T00:00:00Z"}
    rows = series(retention("compute", events_file(order(1), erased), "--json"))
    assert {row["as_of"] for row in rows.values()} == {"2026-01-01T00:00:00Z"}


def test_line_beyond_the_horizon_is_left_out_without_an_error(retention, events_file):
    result = retention(
        "compute", events_file(order(1), order(2, "1999-01-01T00:00:00Z", type="order.shipped")), "--json"
    )
    assert (result.code, result.err.splitlines()[-1]) == (0, "1 line left out: 1 too_old")


def test_hostile_names_of_experiments_are_plain_text(retention, events_file):
    """Markup would end the command with a traceback or hide text; control characters move the cursor."""
    seen = {"experiments": {"[/]\x1b[2J\n": "[red]v[/red]"}}
    events = order(1, "2025-12-01T00:00:00Z", **seen), order(2, "2026-01-10T00:00:00Z")
    result = retention("compute", events_file(*events), "--now", "2026-01-15T00:00:00Z")
    assert result.code == 0, result.err
    assert "experiment rate, [/]·[2J·, [red]v[/red]" in result.out
    assert "\x1b" not in result.out


def test_hostile_ids_and_types_are_printed_in_one_line(retention, events_file):
    hostile = "x\n\x1b[2Jretention: all is well"
    conflicting = order(1, amount=7, id=hostile), order(1, amount=8, id=hostile)
    result = retention("compute", events_file(*conflicting, order(2, type=hostile)))
    assert "\x1b" not in result.err
    assert not [line for line in result.err.splitlines() if line.startswith("retention: all")]
    assert "(example: x··[2Jretention: all is well)" in result.err


def test_experiments_beyond_the_limits_are_named(retention, events_file, tmp_path):
    config = tmp_path / "shop.toml"
    config.write_text("max_experiments = 1\n")
    events = events_file(order(1, experiments={"b": "x"}), order(2, experiments={"a": "x"}))
    result = retention("compute", events, "--config", config)
    assert "beyond the limits, which count as `other` (1): 'b'; name the experiments" in result.err


def test_configuration_file_sets_the_definitions(retention, events_file, tmp_path):
    config = tmp_path / "retention.toml"
    config.write_text('base_currency = "EUR"\nwindows = ["14d"]\n[rates]\nUSD = 0.5')
    rows = series(retention("compute", events_file(order(1)), "--json", "--config", config))
    assert rows["retention_net_revenue", ("currency", "EUR"), ("window", "14d")]["value"] == 5


def test_calendar_periods_have_a_table_of_their_kind(retention, events_file, tmp_path):
    config = tmp_path / "shop.toml"
    config.write_text('[periods]\nkinds = ["month"]')
    lines = [order(1), order(2, "2026-02-10T00:00:00Z"), order(3, "2026-03-05T00:00:00Z")]
    out = retention("compute", events_file(*lines), "--config", config).out
    months = out[out.index("\nMonths") :]
    assert re.search(r"2025-12 +2026-01 +2026-02 +2026-03 \(running\)", months)
    assert re.search(r"\norders +0 +1 +1 +1", months.replace("\n ", "\n"))


@pytest.mark.parametrize("now", ["yesterday", "2026-01-01T00:00:00", "2026-01-01"])
def test_time_without_offset_is_an_error(retention, events_file, now):
    result = retention("compute", events_file(order(1)), "--now", now)
    assert result.code == 2
    assert f"'{now}' is not a time such as 2026-01-31T12:00:00Z" in result.err


def test_file_without_events_is_an_error(retention, events_file):
    result = retention("compute", events_file(b"garbage"))
    assert result.code == 1
    assert "set the time with --now" in result.err


@pytest.mark.parametrize("options", [(), ("--now", "2026-01-01T00:00:00Z")])
def test_file_without_a_record_is_an_error(retention, events_file, options):
    result = retention("compute", events_file(), "--json", *options)
    assert (result.code, result.out) == (1, "")
    assert "the files have no record" in result.err


def test_a_missing_file_is_one_line(retention, tmp_path):
    result = retention("compute", tmp_path / "none.jsonl")
    assert result.code == 2
    assert "none.jsonl' does not exist" in result.err


def test_endless_line_does_not_fill_the_memory(retention, tmp_path):
    path = tmp_path / "zeros.jsonl.gz"
    path.write_bytes(gzip.compress(b"0" * 50_000_000 + b"\n" + json.dumps(order(1)).encode()))
    result = retention("compute", path, "--json")
    assert f"{path}:1: too_large: " in result.err
    assert series(result)["retention_orders", ("window", "7d")]["value"] == 1
