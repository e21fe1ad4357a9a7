"""The servers that are compared play the same notes; what is measured of them is their own."""

import asyncio
import shutil
import time
from contextlib import ExitStack
from itertools import groupby, pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from benchmarks import commands, load, questions, serving
from benchmarks.peers.savedmodel_server import SavedModelNetwork
from inference.predictor import Predictor
from music.melodies import melody as built_in
from music.midi import read_midi, write_midi
from tests.container import http_server
from tests.container.serving_process import request


@pytest.fixture(scope="module", params=["voices", "unet"])
def model(request, tmp_path_factory):
    """A copy: a peer's network is written beside ours."""
    source = request.getfixturevalue(f"{request.param}_folder")
    return shutil.copytree(source, tmp_path_factory.mktemp("served") / "model")


def answers(predictor):
    """Of melodies with rests and notes struck again."""
    random = np.random.default_rng(0)
    pitch = np.repeat(random.integers(57, 82, (3, 8)), 4, axis=1)
    pitch[:, 8:12] = -1
    noise = [predictor.noise(seed) for seed in range(3)]
    return predictor.accompany(pitch, np.tile(np.arange(32) % 4 == 0, (3, 1)), np.stack(noise))


def assert_alike(model, network):
    expected = answers(Predictor(model))
    assert 0 < np.mean(expected[0]) < 0.05
    for ours, other in zip(expected, answers(Predictor(model, load=network)), strict=True):
        np.testing.assert_array_equal(ours, other)


def test_the_saved_model_plays_the_same_notes(model):
    assert_alike(model, SavedModelNetwork)


def test_onnx_runtime_plays_the_same_notes(model):
    for name in ("tf2onnx", "onnxruntime"):
        pytest.importorskip(name, reason="`make bench` installs the peers.")
    from benchmarks.peers.onnx_server import OnnxNetwork

    serving.prepare(model, [serving.ONNX])
    assert_alike(model, OnnxNetwork)


def test_questions_are_melodies_of_their_lengths_and_no_two_are_alike():
    phrases, (song,) = questions.phrases(40), questions.songs(1, bars=64)
    assert len(set(phrases)) == 40
    lengths = [[track.notes[-1].end for track in melody(one).tracks] for one in (*phrases, song)]
    assert all(len(ends) == 1 for ends in lengths)
    assert 480 * 6 < max(ends[0] for ends in lengths[:-1]) <= 480 * 8
    assert 480 * 254 < lengths[-1][0] <= 480 * 256


def melody(question):
    return read_midi(question.partition(b"\r\n\r\n")[2])


@pytest.fixture(scope="module")
def server(tmp_path_factory, voices_folder):
    with serving.serving(tmp_path_factory.mktemp("ours"), voices_folder, [serving.OURS]) as servers:
        yield servers[serving.OURS]


def test_every_server_answers_every_request(server):
    times = serving.take_turns({serving.OURS: server}, questions.phrases(3))
    assert len(times[serving.OURS]) == 3
    with pytest.raises(RuntimeError, match=r"container answered 400: .*empty_body"):
        serving.take_turns({serving.OURS: server}, [request("POST", "/invocations")])


def test_each_server_is_asked_alone_and_not_before_the_others_are_quiet(monkeypatch):
    monkeypatch.setattr(serving, "QUIET_S", 10 * serving.PAUSE_S)
    asked = []

    def recorder(name):
        async def answer(question):
            asked.append((name, await question.body(), time.monotonic()))
            return Response()

        return Starlette(routes=[Route("/", answer, methods=["POST"])])

    with ExitStack() as stack:
        servers = {}
        for name in "ab":
            client = stack.enter_context(http_server.serving(recorder(name), ready=False))
            servers[name] = SimpleNamespace(port=client.base_url.port)
        times = serving.take_turns(
            servers, [request("POST", "/", b"%d" % n) for n in range(2 * serving.BLOCKS)]
        )
    rounds = [(name, list(part)) for name, part in groupby(asked, key=lambda one: one[0])]
    assert [name for name, _ in rounds] == ["a", "b"] * serving.BLOCKS
    for number, (_, part) in enumerate(rounds):
        first = number // 2 * 2
        assert [int(body) for _, body, _ in part] == [
            first,
            first,
            first + 1,
        ]  # a warm-up, then all
    for (_, before), (_, after) in pairwise(rounds):
        assert after[0][2] - before[-1][2] >= serving.QUIET_S
    assert {name: len(took) for name, took in times.items()} == {"a": 10, "b": 10}


def test_a_cold_start_ends_with_an_answer(tmp_path, voices_folder):
    took = serving.cold_start(
        tmp_path / "cold", voices_folder, serving.OURS, questions.phrases(1)[0]
    )
    assert took > 0.1  # no process is there sooner


def test_memory_is_the_servers_own(server):
    assert 50 < serving.memory_of(server) <= serving.memory_of(server, "VmHWM")


def test_under_load_every_connection_gets_what_it_got_alone(server):
    asked = questions.phrases(4)
    (seen,) = asyncio.run(load.load_all(server, asked, [4], 0.2))
    assert len(seen.latencies) >= 4
    assert (seen.wrong, seen.lost, seen.late, seen.statuses.total()) == (0, 0, 0, 0)
    assert 0 < max(seen.pings) < float("inf")


def test_an_answer_to_another_request_is_wrong(server):
    asked = questions.phrases(2)
    seen = asyncio.run(load.load_one(server, asked, [b"another", b"another"], 2, 0.1))
    assert seen.wrong == len(seen.latencies) >= 2


def test_the_measured_command_has_a_melody_accompanied(server, tmp_path):
    commands.record(server, tmp_path / "runs")
    tune, song = tmp_path / "melody.mid", tmp_path / "song.mid"
    tune.write_bytes(write_midi(built_in("twinkle")))
    commands.invoke(tune, tmp_path / "runs", song)
    assert len(read_midi(song.read_bytes()).tracks) == 4
