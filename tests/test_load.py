"""The short form of the load on a real server, and proof that it would see what must never be."""

import asyncio
import base64
import json
import signal
import socket
from dataclasses import replace

import pytest

from container import media
from container.responses import ATTRIBUTES, INFERENCE_ID
from music.midi import write_midi
from music.song import Note, Song, Track
from tests.load.asks import BEAT, KINDS, Ask
from tests.load.campaign import Campaign
from tests.load.client import Client, NoReplyError, Reply
from tests.load.served import Served
from tests.load.watch import wait_until_ready

BUSY_MACHINE_S = 20.0  # a ping may take so long beside other tests


@pytest.fixture(scope="module")
def served(tmp_path_factory, voices_folder):
    server = Served(tmp_path_factory.mktemp("served"), voices_folder)
    yield server
    server.close()


def test_every_answer_belongs_to_its_request_and_none_is_lost(served):
    campaign = Campaign(served)

    async def load():
        alone = await campaign.row(1, 50, BUSY_MACHINE_S)
        together = await campaign.row(8, 250, BUSY_MACHINE_S)
        stopped = await campaign.disturbed(signal.SIGTERM, 64, 200)  # 0.3 s of work
        campaign.check_log()
        killed = await campaign.disturbed(signal.SIGKILL, 8, 100)
        return alone.tally, together.tally, stopped, killed

    tallies = asyncio.run(load())
    assert campaign.faults == []
    assert [tally.answered for tally in tallies] == [50, 250, 200, 100]


def test_beyond_the_queue_requests_are_refused_for_a_while_and_answered_in_the_end(served):
    campaign = Campaign(served)
    row = asyncio.run(campaign.row(100, 100, BUSY_MACHINE_S))
    assert campaign.faults == []
    assert row.tally.refused[429] > 0


def test_an_answer_that_never_arrived_is_missed(served):
    """The server has answered one request more than the campaign knows of."""
    campaign = Campaign(served)

    async def load():
        await wait_until_ready(served)
        client = Client(served.port)
        await client.send(Ask(7).request())
        await client.close()

    asyncio.run(load())
    campaign.check_log()
    assert len(campaign.faults) == 1
    assert "The server answered 1 requests; 0 of these" in campaign.faults[0]


def accompanied(ask, melody=None):
    """A good answer to a request."""
    tracks = (Track("Melody", 0, melody or ask.melody), Track("Bass", 0, (Note(0, BEAT, 40),)))
    midi = write_midi(Song(BEAT, tracks))
    body = midi
    if ask.accept == media.JSON:
        text = base64.b64encode(midi).decode("ascii")
        takes = [{"seed": ask.seed + take, "midi": text} for take in range(ask.takes)]
        body = json.dumps({"takes": takes}).encode()
    headers = {
        "content-type": ask.accept,
        ATTRIBUTES.lower(): f"seed={ask.seed},takes={ask.takes},warnings=One; two.",
        INFERENCE_ID.lower(): f"ask-{ask.campaign}-{ask.number}",
    }
    return Reply(200, headers, body)


def asks():
    """One request of each kind."""
    found = {}
    for number in range(100):
        ask = Ask(number)
        found.setdefault((ask.kind, ask.accept), ask)
    assert found.keys() == set(KINDS)
    return list(found.values())


def test_no_two_requests_have_the_same_melody():
    assert len({Ask(number).melody for number in range(1000)}) == 1000
    assert Ask(1).request() != Ask(1, campaign=1).request()
    for one, other in ((0, 1), (5, 5 + 12**5)):  # their numbers differ in a digit
        assert Ask(one).melody != Ask(other).melody


@pytest.mark.parametrize("ask", asks(), ids=lambda ask: f"{ask.kind} as {ask.accept}")
def test_an_answer_that_is_not_its_own_is_found(ask):
    good = accompanied(ask)
    assert list(ask.faults(good)) == []
    assert list(ask.faults(replace(good, body=good.body[:-9])))
    assert list(ask.faults(replace(good, status=500)))
    for name in good.headers:
        others = accompanied(Ask(ask.number + 1)).headers
        others["content-type"] = media.NPY
        assert list(ask.faults(replace(good, headers={**good.headers, name: others[name]})))
    first, *others = ask.melody
    for near in (
        replace(first, pitch=first.pitch + 1),
        replace(first, end=first.end - 1),
        replace(first, velocity=first.velocity % 127 + 1),
    ):
        assert list(ask.faults(accompanied(ask, (near, *others)))) == ["the melody is another one"]
    assert list(ask.faults(accompanied(ask, tuple(others)))) == ["the melody is another one"]


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "seen"),
    [(b"", "closed"), (HEAD[:9], "truncated"), (HEAD, "truncated"), (HEAD + b"abc", "truncated")],
)
def test_an_answer_cut_short_is_none(sent, seen):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.close()

    async def ask():
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            client = Client(server.sockets[0].getsockname()[1])
            await client.send(b"GET / HTTP/1.1\r\n\r\n")

    with pytest.raises(NoReplyError, match=seen):
        asyncio.run(ask())


def test_nobody_there_is_told_from_nothing_said():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(NoReplyError, match="refused"):
        asyncio.run(Client(port).send(b"GET / HTTP/1.1\r\n\r\n"))
