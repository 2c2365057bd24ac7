"""The instants and values at which periods are frozen, and the versions that a reopening adds."""

from math import isnan

import msgspec
import pytest
from msgspec import structs

from models.contract.messages import ClosedPeriod, PeriodValue
from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.definitions.sla_policy import SlaPolicy
from models.metrics.closings import period_hash
from streams.rollup.closed_periods import ClosedPeriods, Key, versions_of
from streams.rollup.protocol import Reopening
from streams.version import VERSION
from tests.support.closed_periods import MONTHS, Evaluation, at
from tests.support.schedules import weekdays

OCTOBER = Key("month", "2026-10", 1)


@pytest.fixture
def periods():
    return ClosedPeriods("shop", MONTHS)


def exported(periods, now, changes=None):
    periods.confirm(periods.snapshot())
    return periods.samples(Evaluation(now, changes=changes))


def decoded(records):
    return {
        record.key: record.value and msgspec.json.decode(record.value, type=ClosedPeriod)
        for record in records
    }


def test_month_is_frozen_at_its_end_plus_the_delay(periods):
    periods.close(Evaluation("2026-11-03"), at("2026-11-02"))  # September
    assert periods.close(Evaluation("2026-11-03T23:59:59"), at("2026-11-03")) == []
    [found] = decoded(periods.close(Evaluation("2026-11-04", lost=7), at("2026-11-03T23:59:59"))).items()
    key, version = found
    assert key == b"shop/month/2026-10/1"
    assert version == ClosedPeriod(
        group="shop",
        kind="month",
        period="2026-10",
        version=1,
        begin=version.begin,
        end=version.end,
        closed=version.closed,
        release=VERSION,
        definitions=period_hash(MONTHS),
        first_start=False,
        because=None,
        changes={},
        values=[
            PeriodValue("retention_period_customers", {"set": "lost"}, 7),
            PeriodValue("retention_period_churn_ratio", {}, None, 7, 0),
        ],
    )
    times = (version.begin, version.end, version.closed)
    assert [f"{time:%m-%d %H:%M}" for time in times] == ["10-01 00:00", "11-01 00:00", "11-04 00:00"]


def test_frozen_month_is_frozen_once(periods):
    periods.close(Evaluation("2026-11-04"), at("2026-11-03"))
    assert periods.close(Evaluation("2026-11-20", lost=9), at("2026-11-19")) == []
    assert periods.committed == {}, "the transaction has not ended"


def test_value_is_exported_once_its_transaction_has_ended(periods):
    periods.close(Evaluation("2026-11-04"), at("2026-11-03"))
    assert list(periods.samples(Evaluation("2026-11-05"))) == []
    assert len(list(exported(periods, "2026-11-05"))) == 2


def test_series_of_another_release_are_not_exported(periods):
    """The topic outlives releases, and a series that the exporter does not know would end each scrape."""
    periods.close(Evaluation("2026-11-04", lost=7), at("2026-11-03"))
    version = periods.snapshot()[OCTOBER]
    others = [
        PeriodValue("retention_period_gone", {}, 1),
        PeriodValue("retention_orders", {"window": "7d"}, 1),
        PeriodValue("retention_period_customers", {}, 1),
        PeriodValue("retention_period_customers", {"set": "lost", "tier": "vip"}, 1),
    ]
    version = structs.replace(version, values=[*others, *version.values])
    periods.restore([(b"key", msgspec.json.encode(version))])
    assert [sample.value for sample in periods.samples(Evaluation("2026-11-05"))][:1] == [7]


def test_next_leader_finds_what_is_frozen(periods):
    records = periods.close(Evaluation("2026-11-04", lost=7), at("2026-11-03"))
    successor = ClosedPeriods("shop", MONTHS)
    successor.restore((record.key, record.value) for record in records)
    assert successor.close(Evaluation("2026-11-05", lost=9), at("2026-11-04")) == []
    assert successor.committed[OCTOBER].values[0].value == 7


def test_versions_of_another_group_do_not_count(periods):
    records = ClosedPeriods("other", MONTHS).close(Evaluation("2026-11-04"), at("2026-11-03"))
    periods.restore((record.key, record.value) for record in records)
    assert set(decoded(periods.close(Evaluation("2026-11-05"), at("2026-11-03")))) == {
        b"shop/month/2026-10/1"
    }


@pytest.mark.parametrize("value", [b'{"group":"shop"}', b"[]", b"no JSON", b"\xff", b""])
def test_record_of_an_unknown_form_is_skipped(periods, value):
    periods.restore([(b"shop/month/2026-10/1", value), (b"x", None)])
    assert periods.committed == {}


@pytest.mark.parametrize(
    ("previous", "first_start"),
    [
        (0, True),  # no evaluation is known: the first start, or the first one after a reset
        (at("2026-11-04") - 1, False),
        (at("2026-11-04"), True),  # periods are configured later than the close
        (at("2026-06-01"), False),  # all workers were stopped at the close
    ],
)
def test_values_that_are_not_of_the_close_name_a_first_start(periods, previous, first_start):
    [version] = decoded(periods.close(Evaluation("2026-11-30"), previous)).values()
    assert version.first_start is first_start


def test_first_start_freezes_every_month_that_is_over(periods):
    found = decoded(periods.close(Evaluation("2026-11-04", months=3), 0)).values()
    assert [(version.period, version.first_start) for version in found] == [
        ("2026-08", True),
        ("2026-09", True),
        ("2026-10", True),
    ]


def test_nothing_is_frozen_before_all_partitions_count_changes(periods):
    early = Evaluation("2026-11-04")
    early.counts_changes = False
    assert periods.close(early, at("2026-11-03")) == []
    [version] = decoded(periods.close(Evaluation("2026-11-04T00:00:01"), early.now)).values()
    assert version.first_start, "the first evaluation at the close was not frozen"


def test_periods_are_looked_for_only_when_one_closes(periods):
    """A round comes every 0.4 s, a close every week."""
    periods.close(Evaluation("2026-11-04"), 0)
    assert periods.close(Closing("2026-12-03T23:00"), at("2026-11-04")) == []
    with pytest.raises(AssertionError):
        periods.close(Closing("2026-12-04"), at("2026-12-03"))


class Closing(Evaluation):
    """An evaluation whose periods must not be read."""

    def freezable(self):
        raise AssertionError


def test_reopened_month_gets_a_second_version(periods):
    first = decoded(periods.close(Evaluation("2026-11-04", lost=7, changes={"late": 1}), at("2026-11-03")))
    [waiting] = periods.reopen(Reopening("month", "2026-10", 2, "refunds of a stolen card"))
    assert decoded([waiting])[b"shop/month/2026-10/2"].closed is None
    [again] = decoded(
        periods.close(Evaluation("2026-11-20", lost=9, changes={"late": 5}), at("2026-11-19"))
    ).items()
    assert again[0] == b"shop/month/2026-10/2"
    assert (again[1].values[0].value, again[1].because) == (9, "refunds of a stolen card")
    assert (again[1].changes, again[1].first_start) == ({"late": 5}, False)
    found = versions_of(periods.snapshot(), "month", "2026-10")
    assert found == [first[b"shop/month/2026-10/1"], again[1]], "the first version stays as it was"


def test_reopening_survives_the_leader(periods):
    records = periods.close(Evaluation("2026-11-04"), at("2026-11-03"))
    records += periods.reopen(Reopening("month", "2026-10", 2, "why"))
    successor = ClosedPeriods("shop", MONTHS)
    successor.restore((record.key, record.value) for record in records)
    [version] = decoded(successor.close(Evaluation("2026-11-04T01:00"), at("2026-11-04"))).values()
    assert (version.version, version.because, version.closed is None) == (2, "why", False)


@pytest.mark.parametrize(
    ("period", "version"), [("2026-10", 1), ("2026-10", 3), ("2026-09", 2), ("2026-11", 2)]
)
def test_reopening_of_another_version_has_no_effect(periods, period, version):
    periods.close(Evaluation("2026-11-04"), at("2026-11-03"))
    assert periods.reopen(Reopening("month", period, version, "why")) == []


def test_repeated_request_has_no_effect(periods):
    periods.close(Evaluation("2026-11-04"), at("2026-11-03"))
    assert len(periods.reopen(Reopening("month", "2026-10", 2, "why"))) == 1
    assert periods.reopen(Reopening("month", "2026-10", 2, "again")) == []
    assert periods.reopen(Reopening("month", "2026-10", 3, "too soon")) == []


def test_reopening_of_a_month_beyond_the_horizon_is_dropped(periods):
    periods.close(Evaluation("2026-11-04"), at("2026-11-03"))
    periods.reopen(Reopening("month", "2026-10", 2, "why"))
    [tombstone] = periods.close(Evaluation("2026-11-05", months=0), at("2026-11-04"))
    assert (tombstone.key, tombstone.value) == (b"shop/month/2026-10/2", None)
    assert [version.version for version in versions_of(periods.snapshot(), "month", "2026-10")] == [1]


def test_latest_frozen_version_is_exported(periods):
    periods.close(Evaluation("2026-11-04", lost=7), at("2026-11-03"))
    periods.reopen(Reopening("month", "2026-10", 2, "why"))
    values = {sample.metric: sample for sample in exported(periods, "2026-11-05")}
    customers = values["retention_period_customers"]
    assert customers.labels == {"kind": "month", "period": "2026-10", "basis": "as_closed", "set": "lost"}
    assert customers.value == 7
    churn = values["retention_period_churn_ratio"]
    assert (isnan(churn.value), churn.numerator, churn.denominator) == (True, 7, 0)
    periods.close(Evaluation("2026-11-05", lost=9), at("2026-11-04"))
    latest = [sample.value for sample in exported(periods, "2026-11-05")]
    assert latest[0] == 9


def test_changes_since_the_latest_version_are_exported(periods):
    periods.close(Evaluation("2026-11-04", changes={"late": 2}), at("2026-11-03"))
    found = list(exported(periods, "2026-11-05", {"late": 5, "merged": 1, "erased": 0}))
    changes = {one.labels["cause"]: one.value for one in found if one.metric == "retention_period_changes"}
    assert changes == {"late": 3, "merged": 1}
    assert found[0].labels.keys() == {"kind", "period", "cause"}


def test_changes_before_the_count_began_are_named_configuration(periods):
    """No count holds the changes between the close and the begin of the count."""
    periods.close(Evaluation("2026-11-04", changes={"late": 2}), at("2026-11-03"))
    periods.confirm(periods.snapshot())
    later = Evaluation("2026-11-05", changes={"late": 3})
    later.since = later.now
    found = {
        one.labels["cause"]: one.value
        for one in periods.samples(later)
        if one.metric == "retention_period_changes"
    }
    assert found == {"late": 3, "configuration": 1}


def test_months_of_more_than_a_year_ago_are_not_exported(periods):
    periods.close(Evaluation("2026-11-04", months=20), 0)
    found = {sample.labels["period"] for sample in exported(periods, "2026-11-04")}
    assert (min(found), max(found), len(found)) == ("2025-11", "2026-10", 12)


def test_weeks_and_months_close_independently():
    both = Definitions(periods=PeriodDefinitions(kinds=("week", "month"), close_after="24h"))
    periods = ClosedPeriods("shop", both)
    periods.close(Evaluation("2026-11-01", definitions=both), at("2026-10-31"))
    frozen = [
        version.period
        for day in range(2, 17)
        for version in decoded(
            periods.close(Evaluation(f"2026-11-{day:02}T00:00", definitions=both), at("2026-10-31"))
        ).values()
    ]
    assert frozen == ["2026-10", "2026-10-26", "2026-11-02"]


def test_hash_follows_only_what_the_values_depend_on():
    assert period_hash(MONTHS) == period_hash(structs.replace(MONTHS, channels=("web",), windows=("30d",)))
    close_later = PeriodDefinitions(kinds=("month", "year"), close_after="96h")
    assert period_hash(MONTHS) == period_hash(structs.replace(MONTHS, periods=close_later))
    for changed in (
        {"sla": MONTHS.sla | {"high": (60, 60)}},
        {"sla_policies": MONTHS.sla_policies | {"high": SlaPolicy(next_response=60)}},
        {"schedules": {"support": weekdays()}},
        {"rates": {"USD": 1.0, "EUR": 1.1}},
        {"base_currency": "EUR", "rates": {"EUR": 1.0}},
        {"tiers": MONTHS.tiers | {"vip": 1e6}},
        {"horizon_days": 900},
        {"keep_first_order": False},
        {"periods": PeriodDefinitions(zone="Europe/Berlin")},
        {"periods": PeriodDefinitions(week_starts="sunday")},
    ):
        assert period_hash(structs.replace(MONTHS, **changed)) != period_hash(MONTHS)
