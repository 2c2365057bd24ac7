"""A client of Kafka that does not stop neither blocks nor ends its user."""

import asyncio

import pytest

from streams.kafka.stopping import stop


class Client:
    def __init__(self, how):
        self.how = how
        self.stopped = False

    async def stop(self):
        if self.how == "hangs":
            await asyncio.Event().wait()
        if self.how == "cancels":
            task = asyncio.create_task(asyncio.sleep(60))
            task.cancel()
            await task
        if self.how == "fails":
            raise ConnectionError("closed")
        self.stopped = True


@pytest.mark.parametrize(
    ("how", "message"),
    [("hangs", "did not stop within"), ("cancels", ""), ("fails", "ConnectionError: closed")],
)
async def test_user_goes_on_after_a_client_that_does_not_stop(how, message, caplog):
    async with asyncio.timeout(5):
        await stop(Client(how), seconds=0.05)
    assert message in caplog.text


async def test_client_is_stopped():
    client = Client("")
    await stop(client)
    assert client.stopped
