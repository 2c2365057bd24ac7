"""`retention erase` where no worker runs; with workers: tests/e2e/test_erasure.py."""

import io
import json

CUSTOMER = "çelik 42"


def test_erasure_event_is_read_by_the_next_worker(retention, kafka, broker_calls, make_topics, unique):
    make_topics("customers")
    for more in ({}, {"redis": "redis://127.0.0.1:1"}):
        result = retention("erase", "--yes", CUSTOMER, broker=kafka, group=unique, **more)
        assert result.code == 0, result.err
        assert ("Redis" in result.out) == bool(more), "what there is none of has nothing to forget"
        assert (
            f"No worker of group {unique} is running: the next one to start erases the customer.\n"
            in result.out
        )
        assert "removed then " in result.out, "nothing has been removed yet"
        assert "  last copy gone   8 days later, " in result.out
    first, again = broker_calls.records("customers")
    assert first.key == CUSTOMER.encode()
    event = json.loads(first.value)
    assert (event["type"], event["customer_id"]) == ("customer.erased", CUSTOMER)
    assert json.loads(again.value)["id"] == event["id"], "asking again is a duplicate"


def test_erase_without_input_topic_is_an_error(retention, kafka, unique):
    result = retention("erase", "--yes", CUSTOMER, broker=kafka, group=unique)
    assert result.code == 1
    assert (
        result.err
        == "retention: the topic customers does not exist\n  start a worker: it creates the topic\n"
    )


def test_erase_of_a_topic_that_is_no_input_sends_nothing(retention, kafka, unique, tmp_path):
    config = tmp_path / "retention.toml"
    config.write_text('[[inputs]]\ntopic = "orders"\n')
    result = retention("erase", "--yes", CUSTOMER, broker=kafka, group=unique, config=config)
    assert (result.code, "no input accepts the event" in result.err) == (1, True), result


def test_erasure_that_is_not_confirmed_sends_nothing(
    retention, kafka, make_topics, broker_calls, monkeypatch
):
    make_topics("customers")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    result = retention("erase", CUSTOMER, broker=kafka)
    assert (result.code, result.err[-30:]) == (1, "retention: nothing was changed\n"[-30:])
    monkeypatch.setattr("sys.stdin", io.StringIO())
    result = retention("erase", CUSTOMER, broker=kafka)
    assert result.code == 1
    assert "no answer, so nothing was changed\n  use --yes in scripts" in result.err
    assert broker_calls.records("customers") == []
    assert "1 to 128 characters" in retention("erase", "--yes", "x" * 129, broker=kafka).err
