"""`retention fit`: the model agrees with published libraries."""

import gzip
import json
import sys
import tomllib
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from models.contract.decoding import to_us
from models.risk.lateness import assess
from streams.config.load import load

DATA = Path(__file__).parents[2] / "data"
CDNOW = DATA / "cdnow-orders.jsonl.gz"
#: The results of lifetimes and pymc-marketing (tests/data/README.md).
PUBLISHED = json.loads((DATA / "cdnow-mbg-nbd.json").read_text())

ERASED = {"id": "e", "type": "customer.erased", "time": "2026-01-01T00:00:00Z", "customer_id": "c"}


def times_of(customers):
    found = defaultdict(list)
    with gzip.open(CDNOW) as lines:
        for line in lines:
            order = json.loads(line)
            if order["customer_id"] in customers:
                found[order["customer_id"]].append(to_us(datetime.fromisoformat(order["time"])))
    return found


def order(customer, day, **fields):
    return {
        "id": f"e{customer}-{day}",
        "type": "order.placed",
        "time": f"2026-01-{day:02}T12:00:00Z",
        "customer_id": f"c{customer}",
        "order_id": f"o{day}",
        "amount": 1000,
        "currency": "USD",
    } | fields


@pytest.mark.slow
def test_cdnow_fit_agrees_with_published_libraries_to_1_percent(retention, tmp_path):
    model, config = tmp_path / "model.toml", tmp_path / "retention.toml"
    result = retention("fit", CDNOW, "--now", PUBLISHED["now"], "--output", model)
    assert (result.code, result.err) == (0, "")
    assert "23,570 customers until 1998-06-30; 11,516 came back, typically after 34 days" in result.out
    assert "According to this model, 9,751 of them are still active." in result.out

    config.write_text('[risk]\nmodel = "model.toml"\n')
    definitions = load({}, {"RETENTION_CONFIG": str(config)}).definitions
    now, customers = to_us(datetime.fromisoformat(PUBLISHED["now"])), PUBLISHED["customers"]
    found = {customer: assess(orders, now, definitions) for customer, orders in times_of(customers).items()}
    assert len(found) > 100
    for library, answers in PUBLISHED["libraries"].items():
        for name, value in answers["parameters"].items():
            assert getattr(definitions.risk.parameters, name) == pytest.approx(value, rel=0.01), (
                library,
                name,
            )
        for customer, risk in found.items():
            assert risk.p_alive == pytest.approx(customers[customer][library], rel=0.01), (library, customer)


def test_histories_equal_those_of_published_libraries():
    now = to_us(datetime.fromisoformat(PUBLISHED["now"]))
    for customer, orders in times_of(PUBLISHED["customers"]).items():
        days = sorted({time // 86_400_000_000 for time in orders})
        history = [len(days) - 1, days[-1] - days[0], now // 86_400_000_000 - days[0]]
        assert history == PUBLISHED["customers"][customer]["history"]


def test_too_few_customers_are_an_error(retention, events_file, tmp_path):
    file = events_file(order(1, 3), b"{", order(1, 9), order(2, 4))
    result = retention("fit", file, "--output", tmp_path / "model.toml")
    assert (result.code, result.out) == (1, "")
    assert "not_json" in result.err
    assert (
        "retention: a fit needs 50 customers who bought on two days or more, but there are 1 (of 2)"
        in result.err
    )
    assert not (tmp_path / "model.toml").exists()


@pytest.fixture(scope="module")
def shop():
    """CDNOW's first thousand customers."""
    with gzip.open(CDNOW) as lines:
        return [event for event in map(json.loads, lines) if event["customer_id"] <= "c01000"]


def test_fit_counts_only_qualifying_orders_up_to_now(retention, events_file, tmp_path, monkeypatch, shop):
    monkeypatch.chdir(tmp_path)
    arguments = ("--now", "1998-03-01T00:00:00Z")
    early = [event for event in shop if event["time"] < "1998-03"]
    assert retention("fit", events_file(*early), *arguments).code == 0
    (model,) = tmp_path.glob("risk-1998-03-01-*.toml")
    content = model.read_text()
    model.unlink()
    others = [event | {name: f"x{event[name]}" for name in ("id", "customer_id")} for event in early[:900]]
    off = [event | {"id": f"y{event['id']}", "type": "order.cancelled"} for event in others]
    result = retention("fit", events_file(*off, *reversed(shop), *early, *others), *arguments)
    assert (result.code, f"Written to {model.name}." in result.out) == (0, True)
    assert _fitted(model.read_text()) == _fitted(content)


def _fitted(content):
    return {name: value for name, value in tomllib.loads(content).items() if name != "fitted_at"}


def test_missing_scipy_names_the_extra_to_install(retention, events_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.delitem(sys.modules, "streams.backfill.fit", raising=False)
    monkeypatch.delattr("streams.backfill.fit", raising=False)
    result = retention("fit", events_file(order(1, 3)))
    assert result.code == 1
    assert "a fit needs SciPy, which is not installed" in result.err
    assert "pip install 'retention-streams[fit]'" in result.err


@pytest.mark.parametrize("options", [(), ("--now", "2026-01-01T00:00:00Z")], ids=["latest", "now"])
@pytest.mark.parametrize(
    ("content", "named"),
    [(b"", "is empty"), (b"{", "not_json"), (ERASED, "")],
    ids=["empty", "invalid", "no time"],
)
def test_files_without_events_leave_nothing_to_fit(retention, events_file, content, named, options):
    result = retention("fit", events_file(content), *options)
    assert result.code == 1
    assert named in result.err
    assert result.err.endswith("the files have no valid event with a time, so there is nothing to fit\n")


def test_unwritable_output_is_an_error(retention, events_file, tmp_path, shop):
    result = retention("fit", events_file(*shop), "--output", tmp_path / "none" / "model.toml")
    assert (result.code, "cannot be written: its directory" in result.err) == (1, True)
