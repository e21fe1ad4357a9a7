"""Requests that arrive together, at a real server: one call of the model, everyone's own answer."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import container.app
from container import media
from container.app import Settings, create_app
from inference.errors import ModelError
from inference.predictor import Predictor
from music.melodies import MELODIES, melody
from music.midi import read_midi, write_midi
from tests.container.http_server import serving, wait_until

NAMES = sorted(MELODIES)[:4]
HEAVY = json.dumps(
    {"midi": base64.b64encode(write_midi(melody("twinkle"))).decode(), "takes": 16}
).encode()


class Gate:
    """The application with a generator that lets so many calls pass as it is told."""

    def __init__(self, folder, monkeypatch):
        self.batches = []
        self.fails = self.closed = False
        self.tickets = threading.Semaphore(0)
        gate = self

        class Gated(Predictor):
            def accompany(self, pitch, onset, noise):
                gate.batches.append(len(pitch))
                assert not gate.closed or gate.tickets.acquire(timeout=20)
                if gate.fails:
                    raise ModelError("model_failed", "It fails.", "Mend it.")
                return super().accompany(pitch, onset, noise)

        monkeypatch.setattr(container.app, "Predictor", Gated)
        self.app = create_app(Settings(folder))
        self.worker = self.app.routes[1].endpoint.__self__.worker

    def close(self):
        self.batches.clear()
        self.closed = True

    def wait_for(self, waiting):
        wait_until(lambda: self.batches and self.worker.waiting == waiting)

    def open(self):
        self.closed = False
        self.tickets.release(len(self.batches))  # who is at the gate goes on


@pytest.fixture
def gate(voices_folder, monkeypatch):
    return Gate(voices_folder, monkeypatch)


def ask(client, body, kind=media.MIDI):
    return client.post("/invocations", content=body, headers={"Content-Type": kind})


def accompany(client, name):
    return ask(client, write_midi(melody(name))).content


def test_requests_that_come_together_are_answered_together(gate):
    with serving(gate.app) as client, ThreadPoolExecutor(len(NAMES)) as callers:
        gate.batches.clear()
        alone = [accompany(client, name) for name in NAMES]
        sizes = gate.batches.copy()
        gate.close()
        first = callers.submit(accompany, client, NAMES[0])
        gate.wait_for(1)
        others = [callers.submit(accompany, client, name) for name in NAMES[1:]]
        gate.wait_for(4)
        gate.open()
        answers = [caller.result() for caller in (first, *others)]
    assert gate.batches == [sizes[0], sum(sizes[1:])]
    assert answers == alone
    for name, answer in zip(NAMES, answers, strict=True):
        assert read_midi(answer).tracks[0].notes == melody(name).tracks[0].notes


def test_light_requests_are_answered_before_a_heavy_one_that_came_first(gate):
    with serving(gate.app) as client, ThreadPoolExecutor(len(NAMES) + 1) as callers:
        alone = [accompany(client, name) for name in NAMES], ask(client, HEAVY, media.JSON).content
        gate.close()
        heavy = callers.submit(ask, client, HEAVY, media.JSON)
        gate.wait_for(1)
        light = [callers.submit(accompany, client, name) for name in NAMES]
        gate.wait_for(5)
        gate.tickets.release(3)  # the heavy one's first turn, and a round in two calls
        answers = [caller.result() for caller in light]
        assert not heavy.done()
        gate.open()
        assert (answers, heavy.result().content) == alone


def test_a_failure_of_the_model_is_told_to_all_and_the_next_are_answered(gate):
    with serving(gate.app) as client, ThreadPoolExecutor(3) as callers:
        gate.close()
        first = callers.submit(accompany, client, NAMES[0])
        gate.wait_for(1)
        others = [callers.submit(ask, client, write_midi(melody(n))) for n in NAMES[1:3]]
        gate.wait_for(3)
        gate.fails = True
        gate.open()
        first.result()
        for other in others:
            assert (other.result().status_code, other.result().json()["error"]) == (500, "internal")
        gate.fails = False
        assert read_midi(accompany(client, NAMES[0])).tracks[1].notes
