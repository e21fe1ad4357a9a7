"""Beyond capacity 429, never a time-out: by a clock that goes on only while the model works."""

import base64
import contextlib
import io
import json
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

import container.worker
from container import media
from container.answers import Question
from container.app import Settings, create_app
from container.parameters import Parameters, read_attributes
from container.rounds import SHORT_BODY, Job, Rounds
from inference.arranger import Arranger
from inference.turns import Phrases, before_others
from music.melodies import MELODIES, melody
from music.midi import write_midi
from music.song import Note, Song, Track
from tests.container.http_server import serving, wait_until
from tests.inference.accompanists import HandMade, noisy

DEADLINE_S = 55.0
BATCH = 64
TAKE = 127  # phrases of 128 bars
HEAVY = 16  # takes


class Machine:
    """A model that takes so many seconds a phrase and a call, by its own clock.

    Attributes:
        now: seconds.
        answered: phrases.
        meanwhile: is called during each call.
    """

    manifest = None
    max_batch = BATCH

    def __init__(self, phrase_s, call_s=0.0):
        self.phrase_s, self.call_s = phrase_s, call_s
        self.now = 0.0
        self.answered = 0
        self.meanwhile = lambda: None

    def clock(self):
        return self.now

    def accompany(self, pitch, onset, _noise):
        self.meanwhile()
        self.now += self.call_s + self.phrase_s * len(pitch)
        self.answered += len(pitch)
        return pitch, onset


class Asked:
    """A request for so many takes of so many phrases.

    Attributes:
        came: when.
        took: seconds until its answer or its refusal.
        fault: the refusal.
    """

    def __init__(self, machine, rounds, takes=HEAVY, phrases=TAKE, size=0):
        machine.now += 1e-6  # no two come at the same time
        self.machine, self.takes, self.phrases = machine, takes, phrases
        self.came, self.took, self.fault = machine.now, None, None
        self.is_read = False
        answer = Future()
        answer.add_done_callback(self._end)
        rounds.add(Job(self._turns, size, answer, DEADLINE_S))

    @property
    def in_all(self):
        return self.takes * self.phrases

    @property
    def is_answered(self):
        return self.took is not None and self.fault is None

    @property
    def again_s(self):
        assert (self.fault.status, self.fault.code) == (429, "busy")
        after = self.fault.headers["Retry-After"]
        assert f"Try again in {after} s" in self.fault.hint
        return int(after)

    def _turns(self, _):
        self.is_read = True
        for take in range(self.takes):
            yield from before_others(self._take(), self.takes - take - 1)

    def _take(self):
        for first in range(0, self.phrases, BATCH):
            nothing = np.zeros((min(BATCH, self.phrases - first), 1))
            yield Phrases(nothing, nothing, nothing, self.phrases - first - len(nothing))

    def _end(self, answer):
        self.took = self.machine.now - self.came
        self.fault = answer.exception()


def make(phrase_s, call_s=0.0):
    machine = Machine(phrase_s, call_s)
    return machine, Rounds(Arranger(machine), machine.clock)


def split(asked):
    """Those that were answered, in time, and those that were refused."""
    answered = [one for one in asked if one.is_answered]
    refused = [one for one in asked if one.fault]
    assert len(answered) + len(refused) == len(asked)
    assert max(one.took for one in answered) <= DEADLINE_S
    return answered, refused


@pytest.mark.parametrize("count", [8, 16, 40])
@pytest.mark.parametrize("phrase_s", [0.003, 0.006, 0.012])
def test_of_too_many_at_once_some_are_answered_in_time_and_the_others_refused(count, phrase_s):
    machine, rounds = make(phrase_s)
    asked = [Asked(machine, rounds) for _ in range(count)]
    rounds.work_off()
    answered, refused = split(asked)
    could = DEADLINE_S / (HEAVY * TAKE * phrase_s)
    assert min(count, 0.75 * could) - 1 < len(answered) <= could
    # That it is too much is known after a few rounds, though not after the first; hardly anything
    # has been done for nothing until then.
    assert max((one.took for one in refused), default=0) < 0.25 * DEADLINE_S
    assert machine.answered <= 1.1 * sum(one.in_all for one in answered)


@pytest.mark.parametrize("size", [0, SHORT_BODY + 1], ids=["small bodies", "large bodies"])
def test_once_the_pace_is_known_they_are_refused_at_once_and_not_worked_for(size):
    machine, rounds = make(0.005)
    for _ in range(20):
        Asked(machine, rounds, size=size)
        rounds.work_off()
    done = machine.answered
    asked = [Asked(machine, rounds, size=size) for _ in range(60)]
    rounds.work_off()
    answered, refused = split(asked)
    assert len(answered) == 4
    assert max(one.took for one in refused) < 1
    assert sum(one.is_read for one in refused) == (0 if size else 56)
    assert machine.answered - done == 4 * HEAVY * TAKE


def test_large_bodies_that_are_larger_than_those_before_are_not_worked_for():
    machine, rounds = make(0.012)  # 24 s each
    Asked(machine, rounds)
    rounds.work_off()
    done = machine.answered
    asked = [Asked(machine, rounds, size=SHORT_BODY + 1) for _ in range(3)]
    rounds.work_off()
    answered, refused = split(asked)
    assert len(answered) == 1
    assert refused[0].is_read
    assert machine.answered - done == HEAVY * TAKE


def test_who_comes_back_when_told_is_answered_soon():
    """All sixteen come back until they are answered; the model is never idle meanwhile."""
    machine, rounds = make(0.005)
    Asked(machine, rounds)
    rounds.work_off()
    start, tries = machine.now, []
    away = [(machine.now, 1)] * 16
    under_way = []

    def come_back():
        for one, times in list(under_way):
            if one.took is not None:
                under_way.remove((one, times))
                if one.is_answered:
                    assert one.took <= DEADLINE_S
                    tries.append(times)
                else:
                    away.append((machine.now + one.again_s, times + 1))
        for when, times in list(away):
            if machine.now >= when:
                away.remove((when, times))
                under_way.append((Asked(machine, rounds), times))

    machine.meanwhile = come_back
    while len(tries) < 16:
        come_back()
        rounds.work_off()
        if away:
            machine.now = max(machine.now, min(when for when, _ in away))
    assert machine.now - start < 1.05 * 16 * HEAVY * TAKE * machine.phrase_s
    assert sum(tries) / len(tries) < 3


def test_nobody_is_refused_for_a_first_guess():
    """Twenty that take two seconds each, of a server that has just started."""
    machine, rounds = make(0.001)
    asked = [Asked(machine, rounds) for _ in range(20)]
    rounds.work_off()
    assert not split(asked)[1]


def test_what_short_requests_cost_is_no_measure_of_long_ones():
    """A phrase alone takes five times as long as one of many."""
    machine, rounds = make(0.0012, call_s=0.005)
    for _ in range(200):
        Asked(machine, rounds, takes=1, phrases=1)
        rounds.work_off()
    asked = [Asked(machine, rounds) for _ in range(14)]
    rounds.work_off()
    assert not split(asked)[1]


def test_short_requests_are_answered_soon_and_count_as_what_they_take():
    """They take half of the time."""
    machine, rounds = make(0.004)
    short = []

    def send_more():
        if any(one.took is None for one in asked):
            missing = 8 - sum(one.took is None for one in short)
            short.extend(Asked(machine, rounds, takes=2, phrases=8) for _ in range(missing))

    asked = [Asked(machine, rounds) for _ in range(8)]
    machine.meanwhile = send_more
    rounds.work_off()
    answered, refused = split(asked)
    assert answered
    assert refused
    assert not split(short)[1]
    assert sum(one.in_all for one in short) > 0.7 * sum(one.in_all for one in answered)
    assert max(one.took for one in short) < 6 * BATCH * machine.phrase_s


def test_when_the_model_becomes_slower_there_is_room_for_fewer():
    machine, rounds = make(0.004)
    asked = [Asked(machine, rounds) for _ in range(5)]

    def slow_down():
        if machine.now > 5:
            machine.phrase_s = 0.012

    machine.meanwhile = slow_down
    rounds.work_off()
    answered, refused = split(asked)
    assert len(answered) == 2
    assert all(5 < one.took < 20 for one in refused)


def test_who_comes_later_makes_nobody_late():
    """Three share the model for most of their time; small ones would take a quarter from them."""
    machine, rounds = make(0.01)
    Asked(machine, rounds, takes=2)
    rounds.work_off()
    first = [Asked(machine, rounds, takes=takes) for takes in (11, 11, 12)]  # 43 s
    later = []

    def send_another():
        if first[2].took is None and not (later and later[-1].took is None):
            later.append(Asked(machine, rounds, takes=4))

    machine.meanwhile = send_another
    rounds.work_off()
    assert not split(first)[1]
    answered, refused = split(later)
    assert answered
    assert refused


def test_many_small_turns_among_large_ones():
    """Each of 90 phrases asks alone, and waits for full turns of the others in between."""
    machine, rounds = make(0.004)
    lines = Asked(machine, rounds, takes=90, phrases=1)
    asked = []

    def send_more():
        if lines.took is None:
            missing = 3 - sum(one.took is None for one in asked)
            asked.extend(Asked(machine, rounds, phrases=2 * BATCH) for _ in range(missing))

    machine.meanwhile = send_more
    rounds.work_off()
    assert lines.is_answered
    assert lines.took <= DEADLINE_S
    answered, refused = split(asked)
    assert len(answered) > 3
    assert max(one.took for one in refused) < 1


def test_one_that_takes_too_long_has_its_chance_alone():
    """It is not sent away for ever: nobody knows how fast the model will be."""
    machine, rounds = make(0.05)
    Asked(machine, rounds, takes=4)
    rounds.work_off()
    first, second = (Asked(machine, rounds) for _ in range(2))
    other = Asked(machine, rounds, takes=2, phrases=BATCH)
    rounds.work_off()
    assert first.is_answered
    assert first.took > DEADLINE_S  # here nobody ends it
    assert other.is_answered  # beside it
    assert other.took < 20
    assert second.took < 5
    assert DEADLINE_S < second.again_s <= first.took
    again = Asked(machine, rounds)
    rounds.work_off()
    assert again.is_answered


def tune(bars, voices=1):
    pitches = (60, 62, 64, 65, 67, 65, 64, 62)
    notes = tuple(Note(480 * i, 480 * (i + 1), pitches[i % 8]) for i in range(4 * bars))
    return write_midi(Song(480, tuple(Track(f"{voice}", 0, notes) for voice in range(voices))))


def takes_of(bars, takes):
    return json.dumps({"midi": base64.b64encode(tune(bars)).decode(), "takes": takes}).encode()


ROLLS = np.zeros((3, 160, 128), dtype=bool)
ROLLS[:, :, 60] = True


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    "question",
    [
        Question(tune(70), media.MIDI, None, Parameters()),
        Question(tune(7), media.MIDI, media.JSON, read_attributes("takes=3")),
        Question(takes_of(20, 4), media.JSON, None, Parameters()),
        Question(b"\n".join([takes_of(9, 2)] * 3), media.LINES, None, Parameters()),
        Question(npy(ROLLS), media.NPY, None, Parameters()),
        Question(
            tune(9, voices=2), media.MIDI, media.JSON, read_attributes("freeze_bars=2,takes=2")
        ),
    ],
    ids=["song", "header", "takes", "lines", "arrays", "frozen"],
)
def test_a_request_tells_from_its_first_question_on_how_much_it_asks_for(question):
    accompanist = HandMade(noisy, max_batch=8)
    turns = question.answer(Arranger(accompanist))
    told, sizes, answer = [], [], None
    with contextlib.suppress(StopIteration):
        while True:
            asked = turns.send(answer)
            told.append(asked.left)
            sizes.append(len(asked))
            answer = accompanist.accompany(asked.pitch, asked.onset, asked.noise)
    assert len(told) > 1
    assert told == [sum(sizes[place:]) for place in range(len(sizes))]


def test_over_http(monkeypatch, tmp_path):
    """All come while the model is at its first call; it takes 30 s for each of the heavy ones."""
    now, opened, called = [0.0], threading.Event(), threading.Event()

    class Slow(HandMade):
        def accompany(self, pitch, onset, noise):
            called.set()
            assert opened.wait(20)
            now[0] += len(pitch) * 30 / (4 * 64)
            return super().accompany(pitch, onset, noise)

    monkeypatch.setattr(container.worker, "Rounds", partial(Rounds, clock=lambda: now[0]))
    app = create_app(Settings(tmp_path), load=lambda _: Arranger(Slow(noisy, max_batch=8)))
    worker = app.routes[1].endpoint.__self__.worker
    heavy, light = takes_of(65, 4), [write_midi(melody(name)) for name in sorted(MELODIES)[:4]]

    def ask(client, body, kind):
        return client.post("/invocations", content=body, headers={"Content-Type": kind})

    with serving(app) as client, ThreadPoolExecutor(12) as callers:
        requests = [(heavy, media.JSON)] * 4 + [(body, media.MIDI) for body in light]
        coming = [callers.submit(ask, client, *requests[0])]
        assert called.wait(20)
        coming += [callers.submit(ask, client, *request) for request in requests[1:]]
        wait_until(lambda: worker.waiting == len(requests))
        opened.set()
        answers = [one.result() for one in coming]
    statuses = [answer.status_code for answer in answers]
    assert statuses[4:] == [200] * 4
    assert sorted(statuses[:4]) == [200, 429, 429, 429]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.json()["error"] for answer in refused] == ["busy"] * 3
    assert all(10 < int(answer.headers["Retry-After"]) < 150 for answer in refused)
