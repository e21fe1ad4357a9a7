"""Plays a melody to a server in every form that it takes, and listens to what comes back."""

import base64
import io
import json
import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException

from launcher.findings import Checkup
from launcher.http_client import PING_S, Reply, send
from launcher.trial_answers import JSON, LINES, MIDI, NPY, PNG, Expected, WrongAnswerError, line_of
from launcher.trial_server import TrialServer
from music.manifest import Manifest
from music.melodies import melody
from music.midi import write_midi
from music.song import Song

# The type of a request, and of its answer.
FORMS = (
    *((MIDI, accept) for accept in (MIDI, JSON, NPY, PNG)),
    *((JSON, accept) for accept in (JSON, MIDI, NPY, PNG)),
    (NPY, NPY),
    (LINES, LINES),
)

_MELODY = "twinkle"
_SAME = "Export the model again; if that does not help, report it with the model."
_SEED = 7
_REPEATS = 5  # requests whose times are compared
_TIMEOUT_S = 70.0  # the server gives up after 55, SageMaker after 60
_LONG_S = 1.0  # how long the server shall work while it is pinged
_MAX_TAKES = 16


@dataclass
class Trial:
    """One melody, played to one server.

    Attributes:
        server: is ready.
        manifest: of its model.
        checkup: takes the findings.
        on_phase: called with a few words before each request.
    """

    server: TrialServer
    manifest: Manifest
    checkup: Checkup
    on_phase: Callable[[str], None]

    def run(self) -> None:
        """Asks for everything."""
        right = [form for form in FORMS if self._try_form(*form)]
        if (MIDI, MIDI) not in right:
            return
        told = sum(accept != PNG for _, accept in right)
        if len(right) == len(FORMS):
            notes = len(self._song.tracks[0].notes)
            self.checkup.add("melody", f"{notes} notes, note for note in {told} kinds of answers")
        try:
            self._repeat()
            self._ping_while_it_works()
        except WrongAnswerError as error:
            self._fault("repeated requests", error)

    @cached_property
    def _song(self) -> Song:
        return melody(_MELODY)

    @cached_property
    def _expected(self) -> Expected:
        return Expected(self._song, self.manifest, _SEED)

    @cached_property
    def _midi(self) -> bytes:
        return write_midi(self._song)

    def _try_form(self, kind: str, accept: str) -> bool:
        check = f"{kind} to {accept}"
        self.on_phase(f"Sending {kind} for {accept}")
        try:
            reply = self._ask(kind, accept, self._body(kind))
            self._expected.look_at(accept, reply.body)
        except WrongAnswerError as error:
            self._fault(check, error)
            return False
        self.checkup.add(check, f"{len(reply.body):,} bytes in {_ms(reply.seconds)}")
        return True

    def _body(self, kind: str) -> bytes:
        if kind == MIDI:
            return self._midi
        if kind == NPY:
            return self._melody_roll()
        if kind == JSON:
            return _dump({"notes": self._notes(), "tempo_bpm": 100, "seed": _SEED})
        midi = base64.b64encode(self._midi).decode("ascii")
        lines = [{"midi": midi, "seed": _SEED}, {"notes": self._notes(), "seed": _SEED + 1}]
        return b"\n".join(map(_dump, lines)) + b"\n"

    def _notes(self) -> list[dict[str, float]]:
        return [
            {
                "start": float(start),
                "duration": float(end - start),
                "pitch": pitch,
                "velocity": loud,
            }
            for start, end, pitch, loud in line_of(self._song)
        ]

    def _melody_roll(self) -> bytes:
        import numpy as np

        file = io.BytesIO()
        steps = self._song.end * self.manifest.steps_per_beat // self._song.ticks_per_beat
        np.save(file, self._expected.roll(steps)[None], allow_pickle=False)
        return file.getvalue()

    def _ask(self, kind: str, accept: str, body: bytes, **parameters: int) -> Reply:
        if not parameters and kind in (MIDI, NPY):
            parameters = {"seed": _SEED}
        attributes = ",".join(f"{name}={value}" for name, value in parameters.items())
        headers = {"Content-Type": kind, "Accept": accept}
        if attributes:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = attributes
        try:
            reply = send(f"{self.server.url}/invocations", body, headers, _TIMEOUT_S)
        except (OSError, HTTPException) as error:
            raise WrongAnswerError(f"There was no answer ({error}).") from error
        if reply.status != 200:
            said = self.server.last_error() if reply.status == 500 else ""
            raise WrongAnswerError(
                f"The answer has status {reply.status}: {_message(reply)} {said}".strip()
            )
        if reply.media_type != accept:
            raise WrongAnswerError(f"The answer is {reply.media_type}, not {accept}.")
        return reply

    def _repeat(self) -> None:
        """Compares answers to equal questions, and takes their times."""
        self.on_phase(f"Asking {_REPEATS} times with the same seed, once with another")
        replies = [self._ask(MIDI, MIDI, self._midi) for _ in range(_REPEATS)]
        different = len({reply.body for reply in replies})
        if different > 1:
            text = f"{_REPEATS} equal requests with seed {_SEED} had {different} different answers."
            self.checkup.add("same seed", text, "fault", _SAME)
        else:
            self.checkup.add("same seed", f"the same bytes {_REPEATS} times")
        other = self._ask(MIDI, MIDI, self._midi, seed=_SEED + 1)
        if other.body == replies[0].body:
            text = f"Seed {_SEED + 1} gave the same song as seed {_SEED}."
            self.checkup.add("another seed", text, "note")
        else:
            self.checkup.add("another seed", "another song")
        times = [reply.seconds for reply in (*replies, other)]
        self.checkup.figures["latency_s"] = statistics.median(times)
        self.checkup.figures["slowest_latency_s"] = max(times)
        beats = self._song.end // self._song.ticks_per_beat
        text = f"{_ms(statistics.median(times))} for {beats} beats, {_ms(max(times))} at most"
        self.checkup.add("latency", text)

    def _ping_while_it_works(self) -> None:
        """Asks for so many songs that it takes a while, and pings meanwhile."""
        latency = self.checkup.figures["latency_s"]
        takes = max(2, min(_MAX_TAKES, round(_LONG_S / max(latency, 1e-3))))
        self.on_phase(f"Pinging while it writes {takes} songs")
        outcome: list[Exception | Reply] = []

        def ask() -> None:
            try:
                outcome.append(self._ask(MIDI, JSON, self._midi, takes=takes))
            except WrongAnswerError as error:
                outcome.append(error)

        work = threading.Thread(target=ask, daemon=True)
        work.start()
        pings = [self._ping()]
        while work.is_alive():
            work.join(0.01)
            pings.append(self._ping())
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        slowest = max(pings)
        self.checkup.figures["slowest_ping_s"] = slowest
        text = f"{_ms(slowest)} at most, {len(pings)} times within {_ms(outcome[0].seconds)}"
        self.checkup.add("ping while it works", text)

    def _ping(self) -> float:
        try:
            reply = send(f"{self.server.url}/ping", None, {}, PING_S)
        except (OSError, HTTPException) as error:
            raise WrongAnswerError(
                f"While it worked, /ping had no answer within {PING_S:.0f} s ({error})."
            ) from error
        if reply.status != 200:
            raise WrongAnswerError(f"While it worked, /ping had status {reply.status}.")
        return reply.seconds

    def _fault(self, check: str, error: WrongAnswerError) -> None:
        self.checkup.add(check, str(error), "fault", _SAME)


def _message(reply: Reply) -> str:
    try:
        return str(json.loads(reply.body)["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return "it gave no reason."


def _dump(content: object) -> bytes:
    return json.dumps(content).encode("ascii")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
