"""`retention explain` against a worker that serves the API over partitions in memory."""

import asyncio
import json

import pytest

from streams.cli.group import run
from tests.support.api_worker import NAMES, Worker
from tests.support.partitions import DAY, NOW

#: A label of a host name has at most 63 characters.
LONG = f"http://{'a' * 64}"


@pytest.fixture(scope="module")
def shop():
    """Return a worker of 40 customers who ordered 40 days ago; customers with a later order stayed."""
    worker = Worker()
    for number, name in enumerate(NAMES):
        for task in worker.tasks.values():
            if number % 2 and task.shop.partition.customer(name.encode()).facts.orders:
                task.shop.order("o3", NOW - 20 * DAY, customer=name)
    return worker


async def explain(shop, *arguments, token=None):
    """Run the command against the worker, and return its exit code."""
    async with shop.served(token):
        command = ["explain", "retention_churn_ratio", "--worker", shop.address, *arguments]
        return await asyncio.to_thread(run, command)


async def test_answer_is_printed_as_text(shop, capsys):
    assert await explain(shop) == 0
    printed = capsys.readouterr().out
    assert "2026-02-26 10:00  50.0% (20 of 40), with 95 % confidence between" in printed
    assert "change            -50.00 points, with 95 % confidence between" in printed
    assert "The largest effect is the rate effect of tenure 1: -50.00 points." in printed
    assert f"1: {shop.address}/customers?set=lost&window=30d&tenure=1" in printed
    assert "stockout" in printed


async def test_instant_without_customers_explains_nothing(shop, capsys):
    assert await explain(shop, "--window", "90d") == 0
    printed = capsys.readouterr().out
    assert "denominator is 0 at one of the instants" in printed


async def test_answer_is_printed_as_json(shop, capsys):
    assert await explain(shop, "--json", "--against", "1w") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["metric"], found["change"]) == ("retention_churn_ratio", -0.5)


async def test_invalid_parameter_is_reported(shop, capsys):
    assert await explain(shop, "--segment", "country") == 1
    assert "no such segment is configured" in capsys.readouterr().err


def test_usage_names_the_metric(capsys):
    assert run(["explain", "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: retention explain [OPTIONS] METRIC\n")
    assert run(["explain", "retention_nps"]) == 2
    assert "Invalid value for 'METRIC': 'retention_nps' is not one of" in capsys.readouterr().err


async def test_token_is_sent_and_required(shop, capsys, monkeypatch):
    assert await explain(shop, token="a token of the shop") == 1
    assert "RETENTION_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("RETENTION_TOKEN", "a token of the shop")
    assert await explain(shop, token="a token of the shop") == 0


def test_address_without_a_worker_is_reported(capsys):
    assert run(["explain", "retention_churn_ratio", "--worker", "http://127.0.0.1:9"]) == 3
    assert "no worker responds at http://127.0.0.1:9" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["explain", "retention_churn_ratio"], ["report"]])
@pytest.mark.parametrize(
    "worker", ["http://ann:geheim@127.0.0.1:9", "http://ann:geh@eim@127.0.0.1:9", "http://ann:geheim/@x:9"]
)
def test_password_of_a_worker_is_hidden(command, worker, capsys, monkeypatch):
    assert run([*command, "--worker", worker]) == 3
    printed = capsys.readouterr().err
    assert printed.count("ann:***@") == 1
    monkeypatch.setenv("RETENTION_TOKEN", "a token of the shop")
    code = run([*command, "--worker", worker])
    printed += capsys.readouterr().err
    assert code == (3 if "/@" in worker else 2)
    assert ("a request carries one of them" in printed) == (code == 2)
    assert "geh" not in printed
    assert "eim" not in printed


async def test_password_is_hidden_in_the_lists(shop, capsys):
    async with shop.served():
        worker = shop.address.replace("://", "://ann:geheim@")
        command = ["explain", "retention_churn_ratio", "--worker", worker]
        assert await asyncio.to_thread(run, command) == 0
    printed = capsys.readouterr().out
    assert "1: http://ann:***@127.0.0.1" in printed
    assert "geheim" not in printed


@pytest.mark.parametrize(
    "worker", ["nope", "ftp://shop", "http://127.0.0.1:99999", "http://[::1", "http://", LONG]
)
def test_worker_that_is_no_url_is_reported(worker, capsys):
    assert run(["explain", "retention_churn_ratio", "--worker", worker]) == 3
    assert f"{worker!r} is not the URL of a worker" in capsys.readouterr().err
