"""Whose turn it is: short requests go together, long ones let them pass and still get on."""

import base64
import json
from concurrent.futures import Future
from functools import partial

import pytest

from container import media
from container.answers import Question
from container.parameters import Parameters, read_attributes
from container.rounds import LONG_AT_ONCE, SHORT_BODY, SHORT_IN_A_ROUND, Job, Rounds
from inference.arranger import Arranger
from inference.errors import ModelError
from inference.turns import finish
from music.melodies import MELODIES, melody
from music.midi import write_midi
from music.song import Note, Song, Track
from tests.inference.accompanists import HandMade, noisy

BATCH = 64


class Model(HandMade):
    """A model that can be told to fail, and that lets a test act during its calls."""

    def __init__(self):
        super().__init__(noisy, max_batch=BATCH)
        self.meanwhile = []

    def accompany(self, pitch, onset, noise):
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return super().accompany(pitch, onset, noise)


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def rounds(model):
    return Rounds(Arranger(model))


def tune(bars, first=60):
    """A scale up and down, and no two alike."""
    notes = tuple(
        Note(480 * i, 480 * (i + 1), first + (0, 2, 4, 5, 7, 5, 4, 2)[i % 8])
        for i in range(4 * bars)
    )
    return write_midi(Song(480, (Track("Melody", 0, notes),)))


def short(seed=0, bars=2):
    parameters = read_attributes(f"seed={seed}")
    return Question(tune(bars, 60 + seed % 12), media.MIDI, None, parameters)


def heavy(takes=3, bars=128):
    body = {"midi": base64.b64encode(tune(bars)).decode(), "takes": takes}
    return Question(json.dumps(body).encode(), media.JSON, None, Parameters())


def add(rounds, question, done=None):
    answer = Future()
    if done is not None:
        answer.add_done_callback(lambda _: done.append(question))
    rounds.add(Job(question.answer, len(question.body), answer))
    return answer


def alone(question):
    arranger = Arranger(HandMade(noisy, max_batch=BATCH))
    return finish(question.answer(arranger), arranger.accompanist)


def test_what_came_together_goes_through_the_model_together(rounds, model):
    questions = [short(0), short(1, bars=4), short(2), short(3, bars=9)]
    answers = [add(rounds, question) for question in questions]
    rounds.work_off()
    assert model.batches == [1 + 3 + 1 + 8]
    assert [answer.result() for answer in answers] == [alone(question) for question in questions]


def test_no_call_holds_more_than_the_model_likes_nor_a_round_too_many(rounds, model):
    questions = [short(seed, bars=8) for seed in range(SHORT_IN_A_ROUND + 2)]
    answers = [add(rounds, question) for question in questions]
    rounds.work_off()
    assert (SHORT_IN_A_ROUND, BATCH) == (16, 64)
    assert model.batches == [9 * 7, 7 * 7, 2 * 7]
    assert [answer.result() for answer in answers] == [alone(question) for question in questions]


def test_short_requests_pass_a_heavy_one_that_came_before(rounds, model):
    done, questions = [], [heavy(), short(1), short(2)]
    answers = [add(rounds, question, done) for question in questions]
    late = short(3)
    model.meanwhile = [lambda: None, lambda: answers.append(add(rounds, late, done))]
    rounds.work_off()
    assert done == [questions[1], questions[2], late, questions[0]]
    assert model.batches[:3] == [2, 64, 1 + 63]  # the late one and the heavy one's next turn
    answers = [answer.result() for answer in answers]
    assert answers == [alone(question) for question in (*questions, late)]


def test_a_heavy_request_gets_on_while_short_ones_keep_coming(rounds, model):
    done, question = [], heavy(takes=4)
    add(rounds, question, done)

    def send_the_next():
        add(rounds, short(len(done)), done)
        model.meanwhile.append(send_the_next if question not in done else lambda: None)

    model.meanwhile.append(send_the_next)
    rounds.work_off()
    # four takes of two turns; in each call one short request comes for the next round
    assert done.index(question) <= 2 * 4 * 2
    assert len(done) > done.index(question) + 1


def test_long_requests_take_turns_but_only_a_few_have_begun(rounds):
    begun, ends = [], []

    def long(arranger, name, takes):
        begun.append(name)
        yield from heavy(takes).answer(arranger)
        ends.append((name, "".join(begun)))

    for name, takes in {"a": 4, "b": 1, "c": 3, "d": 2, "e": 1, "f": 1}.items():
        rounds.add(Job(partial(long, name=name, takes=takes), SHORT_BODY + 1))
    rounds.work_off()
    assert LONG_AT_ONCE == 4
    assert ends[0] == ("b", "abcd")
    assert [name for name, _ in ends] == ["b", "e", "d", "f", "c", "a"]


def test_requests_that_ask_for_little_go_together_each_time(rounds, model):
    questions = [heavy(takes=3, bars=bars) for bars in range(2, 8)]
    answers = [add(rounds, question) for question in questions]
    rounds.work_off()
    assert model.batches == [21] * 3
    assert [answer.result() for answer in answers] == [alone(question) for question in questions]


def test_long_requests_that_ask_for_little_at_a_time_go_together(rounds, model):
    questions = [heavy(takes=12, bars=bars) for bars in range(4, 10)]
    answers = [add(rounds, question) for question in questions]
    rounds.work_off()
    # Four of the six requests at a time, and the last two.
    assert model.batches == [3 + 4 + 5 + 6] * 12 + [7 + 8] * 12
    assert [answer.result() for answer in answers] == [alone(question) for question in questions]


def test_requests_that_turn_out_to_be_long_let_short_ones_pass(rounds, model):
    lines = b"\n".join([heavy(1, 2).body, heavy(2, 128).body])
    for _ in range(6):
        add(rounds, Question(lines, media.LINES, None, Parameters()))
    calls = []
    late = add(rounds, short(1))
    late.add_done_callback(lambda _: calls.append(len(model.batches)))

    def send_another():
        add(rounds, short(2)).add_done_callback(lambda _: calls.append(len(model.batches)))

    model.meanwhile = [lambda: None, send_another]
    rounds.work_off()
    assert model.batches[:2] == [7, 64]
    assert calls[0] == 1
    assert calls[1] <= 4  # and not after a turn of all six


@pytest.mark.parametrize("gives_up", ["before", "meanwhile"])
def test_giving_one_up_leaves_the_others_alone(rounds, model, gives_up):
    questions = [short(0), short(1), short(2)]
    answers = [add(rounds, question) for question in questions]
    if gives_up == "before":
        answers[1].cancel()
    else:
        model.meanwhile = [answers[1].cancel]
    rounds.work_off()
    assert model.batches == [2 if gives_up == "before" else 3]
    assert answers[1].cancelled()
    assert [answers[i].result() for i in (0, 2)] == [alone(questions[i]) for i in (0, 2)]


def test_a_heavy_request_that_is_given_up_takes_no_further_turn(rounds, model):
    answer = add(rounds, heavy())
    model.meanwhile = [lambda: None, answer.cancel]
    rounds.work_off()
    assert model.batches == [64, 63]


def test_a_fault_of_one_is_no_fault_of_the_others(rounds, model):
    questions = [short(0), Question(b"RIFF", media.MIDI, None, Parameters()), short(2)]
    answers = [add(rounds, question) for question in questions]
    rounds.work_off()
    assert answers[1].exception().code == "not_midi"
    assert [answers[i].result() for i in (0, 2)] == [alone(questions[i]) for i in (0, 2)]


def test_when_the_model_fails_all_of_its_call_are_told_and_the_next_are_answered(rounds, model):
    def fail():
        answers.append(add(rounds, short(5)))
        raise ModelError("model_failed", "It fails.", "Mend it.")

    answers = [add(rounds, short(seed)) for seed in range(3)]
    model.meanwhile = [fail]
    rounds.work_off()
    assert [str(answer.exception()) for answer in answers[:3]] == ["It fails. Mend it."] * 3
    assert answers[3].result() == alone(short(5))


def test_every_kind_of_request_is_answered_as_it_is_alone(rounds):
    lines = b"\n".join([heavy(3, 4).body, b"{}", heavy(1, 70).body])
    questions = [
        Question(lines, media.LINES, None, Parameters()),
        *(
            Question(write_midi(melody(name)), media.MIDI, kind, read_attributes("takes=2"))
            for name in sorted(MELODIES)[:4]
            for kind in (media.JSON, media.NPY)
        ),
        heavy(5, 20),
        short(7),
    ]
    answers = [add(rounds, question) for question in questions]
    rounds.work_off()
    assert [answer.result() for answer in answers] == [alone(question) for question in questions]
