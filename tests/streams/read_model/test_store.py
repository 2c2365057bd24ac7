"""What Redis holds, asked of a real one: no older write wins, nothing stays behind, no secret is said."""

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.exceptions import RedisError

from streams.errors import MissingExtra, SettingsError
from streams.local.ports import free_port
from streams.local.redis import RedisServer
from streams.read_model.store import ModelDamaged, Position, Store
from tests.support.read_model_samples import CUSTOMERS, SERIES, profile, program, record

pytestmark = pytest.mark.program("redis-server|valkey-server")


@pytest.fixture
async def store(url):
    async with aclosing(Store(url, "g")) as made:
        yield made


async def take(store, tp, start, *rows, topic_id="id", end=None):
    records = [record(tp, start + n, key, value) for n, (key, value) in enumerate(rows)]
    return await store.take(tp, topic_id, start, end or start + len(rows), records)


async def test_profile_and_ranks_of_a_customer_are_stored(store, redis):
    ann, bea = profile("ann", 100.0, 1.5), profile("bea", 20.5, 0.25)
    assert await take(store, CUSTOMERS, 0, ("ann", ann), ("bea", bea)) == 2
    assert redis.hgetall("g:customer:ann") == {"profile": ann.decode(), "version": "retention.customers/3:0"}
    assert redis.zrange("g:at-risk", 0, -1, withscores=True) == [("bea", 0.25), ("ann", 1.5)]
    assert redis.zrange("g:valuable", 0, -1, withscores=True) == [("bea", 20.5), ("ann", 100.0)]
    assert (await store.positions())[0] == {CUSTOMERS: Position("id", 2)}


async def test_rankings_leave_out_churned_and_worthless_customers(store, redis):
    await take(store, CUSTOMERS, 0, ("ann", profile("ann")), ("bea", profile("bea")))
    await take(
        store,
        CUSTOMERS,
        2,
        ("ann", profile("ann", 0.0, None, "prospect", 0)),
        ("bea", profile("bea", 9.0, 50.0, "churned")),
    )
    assert redis.zrange("g:at-risk", 0, -1) == []
    assert redis.zrange("g:valuable", 0, -1) == ["bea"]
    assert json.loads(redis.hget("g:customer:bea", "profile"))["lifecycle"] == "churned"


async def test_tombstone_removes_profile_and_ranks(store, redis):
    await take(store, CUSTOMERS, 0, ("çelik", profile("çelik")))
    await take(store, CUSTOMERS, 1, ("çelik", None))
    assert redis.keys() == ["g:positions"]
    assert "elik" not in str(redis.hgetall("g:positions"))


async def test_metrics_are_stored_as_fields(store, redis):
    await take(store, SERIES, 0, ("a", b"1"), ("b", b"2"), ("a", b"3"))
    assert redis.hgetall("g:metrics") == {"a": "3", "b": "2"}
    await take(store, SERIES, 3, ("a", None))
    assert redis.hgetall("g:metrics") == {"b": "2"}


async def test_older_batch_changes_nothing_and_returns_the_position(store, redis):
    await take(store, CUSTOMERS, 0, ("ann", profile("ann", 1.0)))
    await take(store, CUSTOMERS, 1, ("ann", profile("ann", 2.0)))
    before = redis.hgetall("g:customer:ann")
    assert await take(store, CUSTOMERS, 0, ("ann", profile("ann", 1.0))) == 2
    assert redis.hgetall("g:customer:ann") == before
    assert redis.zscore("g:valuable", "ann") == 2.0


async def test_batch_after_a_hole_is_not_accepted(store, redis):
    assert await take(store, CUSTOMERS, 7, ("ann", profile("ann"))) == 0
    assert redis.keys() == []


async def test_recreated_topic_of_the_same_name_is_noticed(store, redis):
    await take(store, SERIES, 0, ("a", b"1"))
    assert await take(store, SERIES, 1, ("a", b"2"), topic_id="other") == -1
    assert redis.hgetall("g:metrics") == {"a": "1"}


async def test_older_profiles_lose_after_lost_positions(store, redis):
    rows = [("ann", profile("ann", 1.0)), ("ann", profile("ann", 2.0)), ("bea", profile("bea", 1.0))]
    await take(store, CUSTOMERS, 0, *rows)
    redis.delete("g:positions")
    await take(store, CUSTOMERS, 0, rows[0])
    assert redis.zscore("g:valuable", "ann") == 2.0
    assert json.loads(redis.hget("g:customer:ann", "profile"))["net_value"] == 2.0


@pytest.mark.parametrize(
    ("field", "value"),
    [("junk", "junk"), ("t/3", "junk"), ("t/x", "id:1"), ("complete", "junk"), (b"\xff/1", "id:1")],
)
async def test_positions_that_no_worker_writes_are_damage(store, redis, field, value):
    redis.hset("g:positions", field, value)
    with pytest.raises(ModelDamaged):
        await store.positions()


@pytest.mark.parametrize("key", ["g:positions", "g:at-risk", "g:valuable"])
async def test_key_of_another_type_is_damage(store, redis, key):
    redis.set(key, "junk")
    with pytest.raises(ModelDamaged, match="another type"):
        await take(store, CUSTOMERS, 0, ("ann", profile("ann")))


async def test_customer_of_another_type_is_replaced(store, redis):
    redis.set("g:customer:ann", "junk")
    assert await take(store, CUSTOMERS, 0, ("ann", profile("ann"))) == 1
    assert redis.hget("g:customer:ann", "version") == "retention.customers/3:0"


async def test_invalid_profile_is_left_out(store, redis, caplog):
    assert await take(store, CUSTOMERS, 0, ("ann", b"{}"), ("bea", profile("bea"))) == 2
    assert redis.keys("g:customer:*") == ["g:customer:bea"]
    assert "offset 0 holds no valid profile" in caplog.text


async def test_clear_removes_this_groups_keys_only(url, redis):
    names = ["g*", "g", "g2", "g[a]"]
    stores = [Store(url, name) for name in names]
    for one in stores:
        await take(one, CUSTOMERS, 0, *((f"c{n}", profile(f"c{n}")) for n in range(3)))
        await take(one, SERIES, 0, ("a", b"1"))
    assert await stores[0].clear() == 3 + 4
    assert len(redis.keys()) == 3 * 7
    for one in stores[1:]:
        assert await one.clear() == 7
    assert redis.keys() == []
    for one in stores:
        await one.aclose()


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_last_profile_of_each_customer_stays(url, redis, data):
    """Two writers read one partition, each at its own pace, crash, and send late batches again."""
    redis.flushall()
    keys = st.sampled_from(["ann", "bea"])
    values = st.none() | st.floats(1, 9).map(lambda value: round(value, 2))
    rows = data.draw(st.lists(st.tuples(keys, values), min_size=1, max_size=8))
    log = [(key, None if value is None else profile(key, value)) for key, value in rows]
    async with aclosing(Store(url, "g")) as store:
        late = []
        for _ in range(data.draw(st.integers(0, 10))):
            start = data.draw(st.integers(0, len(log)))
            end = data.draw(st.integers(start, len(log)))
            late.append((start, end))
            await take(store, CUSTOMERS, start, *log[start:end], end=end)
        reached = 0
        while reached < len(log):
            end = data.draw(st.integers(reached + 1, len(log)))
            reached = await take(store, CUSTOMERS, reached, *log[reached:end], end=end)
            for start, late_end in late:
                await take(store, CUSTOMERS, start, *log[start:late_end], end=late_end)
    expected = {key: json.loads(value)["net_value"] for key, value in dict(log).items() if value is not None}
    assert dict(redis.zrange("g:valuable", 0, -1, withscores=True)) == expected
    assert {key.removeprefix("g:customer:") for key in redis.keys("g:customer:*")} == set(expected)


ACL = "~g:* -@all +hgetall +hget +hset +hdel +del +unlink +zadd +zrem +zscan +eval +scan"


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """A Redis with TLS of its own authority and one user with the rights of docs/read-model.md."""
    directory = tmp_path_factory.mktemp("secured")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    certificate.private_key_pem.write_to_path(directory / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(directory / "cert.pem")
    trustme.CA().cert_pem.write_to_path(directory / "other.pem")
    (directory / "users").write_text(f"user default off\nuser retention on >s3cret {ACL}\n")
    port = free_port()
    files = {name: str(directory / name) for name in ("ca.pem", "cert.pem", "key.pem", "users")}
    options = {
        "port": "0",
        "tls-port": str(port),
        "tls-ca-cert-file": files["ca.pem"],
        "tls-cert-file": files["cert.pem"],
        "tls-key-file": files["key.pem"],
        "tls-auth-clients": "no",
        "aclfile": files["users"],
    }
    with RedisServer(program(), directory, port, options):
        yield directory, port


async def attempt(url):
    async with aclosing(Store(url, "g")) as store:
        await take(store, CUSTOMERS, 0, ("ann", profile("ann")))
        await take(store, SERIES, 0, ("a", b"1"), ("b", None))
        await store.set_complete(5.0)
        assert await store.series() == {b"a": b"1"}
        assert [len(batch) async for batch in store.customers()] == [1]
        assert [batch async for batch in store.ranks("lateness")] == [{b"ann": 0.5}]
        reached = await store.positions()
        assert await store.clear() == 5
        return reached


async def test_least_privilege_user_connects_over_tls(secured):
    directory, port = secured
    url = f"rediss://retention:s3cret@127.0.0.1:{port}/0?ssl_ca_certs={directory}/ca.pem"
    taken, complete = await attempt(url)
    assert taken == {CUSTOMERS: Position("id", 1), SERIES: Position("id", 2)}
    assert complete == 5.0


@pytest.mark.parametrize(
    ("user", "authority"), [("retention:wrong", "ca"), ("retention:s3cret", "other"), ("", "ca")]
)
async def test_refused_connection_error_hides_the_password(secured, user, authority):
    directory, port = secured
    with pytest.raises(RedisError) as caught:
        await attempt(f"rediss://{user}@127.0.0.1:{port}/0?ssl_ca_certs={directory}/{authority}.pem")
    await asyncio.sleep(0.1)  # asyncio closes a line that TLS has refused a moment later
    assert "s3cret" not in str(caught.value)
    assert "wrong" not in str(caught.value).replace("wrong version", "").replace("WRONGPASS", "")


@pytest.mark.parametrize("tail", ["?no_such_option=1", "?db=x", "?ssl_ca_certs=/no/such/file"])
def test_invalid_url_is_refused_without_its_password(tail):
    with pytest.raises(SettingsError) as caught:
        Store(f"rediss://user:s3cret@127.0.0.1:1/0{tail}", "g")
    assert "RETENTION_REDIS" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_missing_client_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(MissingExtra) as caught:
        Store("redis://127.0.0.1:1/0", "g")
    assert "retention-streams[redis]" in caught.value.hint


def test_worker_imports_no_redis_client_by_itself():
    code = "import sys, streams.worker.build, streams.cli; sys.exit('redis' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("redis://:s3cret@127.0.0.1:6379/0", "redis://127.0.0.1:6379"),
        ("rediss://u:s3cret@h/0?password=s3cret", "rediss://h"),
        ("unix://u:s3cret@/run/redis.sock?db=1", "unix:///run/redis.sock"),
    ],
)
def test_store_name_contains_no_credentials(url, name):
    assert Store(url, "g").name == name
