import json

import pytest

from container.faults import RequestError
from container.parameters import MAX_NOTES, Parameters, read_attributes, read_json

NOTE = {"pitch": 60, "start": 0, "duration": 1}


def faults(read, text):
    with pytest.raises(RequestError) as caught:
        read(text)
    assert caught.value.status == 400
    return caught.value


def fault_of(**body):
    return faults(read_json, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("header", "values"),
    [
        (None, {}),
        ("", {}),
        ("seed=7,takes=2", {"seed": 7, "takes": 2}),
        (" seed = 7 , temperature=.5,", {"seed": 7, "temperature": 0.5}),
        ("instruments=Violin;viola;42", {"instruments": ("Violin", "viola", "42")}),
        ("instruments=Lead 8 (bass + lead)", {"instruments": ("Lead 8 (bass + lead)",)}),
        ("density=.5,octave=-2", {"density": 0.5, "octave": -2}),
        ("instruments=rock band", {"instruments": ("rock band",)}),
        ("freeze_tracks=bass; 2,seed=1", {"freeze_tracks": ("bass", " 2"), "seed": 1}),
        ("freeze_bars=1-4;7,takes=2", {"freeze_bars": "1-4;7", "takes": 2}),
        ("melody_track=1,seed=4294967295", {"melody_track": 1, "seed": 2**32 - 1}),
    ],
)
def test_custom_attributes(header, values):
    assert read_attributes(header) == Parameters(**values)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("sed=7", "Unknown parameter `sed`: did you mean `seed`?"),
        (
            "colour=blue",
            "known are seed, takes, temperature, instruments, melody_track, density, octave, "
            "freeze_tracks, freeze_bars.",
        ),
        ("seed", "`seed` is no `name=value`."),
        ("seed=1,seed=2", "`seed` is given twice."),
        ("seed=4294967296", "less than or equal to 4294967295"),
        ("seed=-1", "greater than or equal to 0"),
        ("seed=1.5", "`seed`: Input should be a valid integer"),
        ("takes=17", "less than or equal to 16"),
        ("takes=0", "greater than or equal to 1"),
        ("temperature=nan", "finite"),
        ("temperature=3", "less than or equal to 2"),
        ("density=2.1", "`density`: Input should be less than or equal to 2"),
        ("density=-1", "`density`: Input should be greater than or equal to 0"),
        ("octave=3", "`octave`: Input should be less than or equal to 2"),
        ("octave=-3", "`octave`: Input should be greater than or equal to -2"),
        ("octave=0.5", "`octave`: Input should be a valid integer"),
        ("freeze_bars=1-4,7", "`7` is no `name=value`."),
        ("freeze=1", "Unknown parameter `freeze`: did you mean `freeze_"),
        ("freeze_bars=" + "1;" * 5000, "`freeze_bars`: String should have at most"),
        ("midi=abc", "Unknown parameter `midi`"),
    ],
)
def test_faults_of_custom_attributes(header, words):
    assert words in faults(read_attributes, header).message


def test_all_faults_are_told_at_once():
    message = faults(read_attributes, "sed=7,takes=x,foo").message
    assert all(words in message for words in ("`sed`", "`takes`", "`foo` is no"))


def test_json_values_keep_their_types():
    request = read_json(b'{"midi": "", "seed": 7, "temperature": 1, "instruments": ["a", 3]}')
    assert (request.seed, request.temperature, request.instruments) == (7, 1.0, ("a", 3))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"seed": "7"}, "`seed`: Input should be a valid integer, received '7'."),
        ({"seed": True}, "`seed`: Input should be a valid integer, received True."),
        ({"seed": 7.5}, "received 7.5."),
        ({"sede": 7}, "Unknown parameter `sede`: did you mean `seed`?"),
        ({"note": [NOTE]}, "did you mean `notes`?"),
        ({"instruments": [1.5]}, "`instruments` takes names and numbers, not 1.5."),
        ({"freeze_tracks": ["bass", 1.5]}, "`freeze_tracks` takes names and numbers, not 1.5."),
        ({"freeze_bars": [1, 2]}, "`freeze_bars`: Input should be a valid string"),
        ({"notes": [{**NOTE, "pitch": 128}]}, "`notes.0.pitch`"),
        ({"notes": [NOTE, {**NOTE, "duration": 0}]}, "`notes.1.duration`"),
        ({"notes": [{**NOTE, "strt": 0}]}, "`notes.0.strt`: did you mean `start`?"),
        ({"notes": [{"pitch": 60, "start": 0}]}, "`notes.0.duration`: Field required"),
        ({"time_signature": "4/5"}, "`time_signature`"),
        ({"time_signature": [3, 4]}, "`time_signature`"),
        ({"tempo_bpm": 0}, "`tempo_bpm`"),
        ({"midi": 3}, "`midi`"),
    ],
)
def test_faults_of_json(body, words):
    fault = fault_of(**body)
    assert fault.code == "bad_parameters"
    assert words in fault.message


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"nonsense", b"\xff\xfe", b"[" * 10**5])
def test_what_is_no_json_object(body):
    assert faults(read_json, body).code == "not_json"


def test_numbers_that_are_none():
    assert "finite" in faults(read_json, b'{"temperature": NaN}').message


def test_many_faults_are_told_shortly():
    message = fault_of(**{f"{i}" + "x" * 10_000: 1 for i in range(500)}).message
    assert message.endswith("And 495 more faults.")
    assert len(message) < 2000
    assert fault_of(**{f"{i}": 1 for i in range(3000)}).message == "The body has 3000 faults."


def test_the_first_note_at_fault_is_the_one_that_is_told():
    bad = {**NOTE, "pitch": 128}
    assert fault_of(notes=[NOTE, bad, *[{}] * 19_000]).message.startswith("`notes.1.pitch`")


def test_too_many_notes_are_not_even_parsed():
    body = b'{"notes": [' + b",".join([b'{"pitch":60,"start":1,"duration":1}'] * 60_000) + b"]}"
    assert faults(read_json, body).code == "too_many_notes"


def test_as_many_notes_as_are_allowed():
    assert len(read_json(json.dumps({"notes": [NOTE] * MAX_NOTES}).encode()).notes) == MAX_NOTES


def test_the_body_counts_more_than_the_header():
    request = read_json(b'{"midi": "", "seed": 7, "takes": 2}')
    parameters, warnings = request.parameters(Parameters(seed=8, takes=2, temperature=0.5))
    assert parameters == Parameters(seed=7, takes=2, temperature=0.5)
    assert warnings == ["The body's `seed` counted, not the custom attributes'."]


def test_takes_have_seeds_of_their_own():
    parameters = Parameters(seed=2**32 - 2, takes=3)
    assert [parameters.options(i).seed for i in range(3)] == [2**32 - 2, 2**32 - 1, 0]
    assert Parameters().options().seed == 0
    assert Parameters().options().temperature == 1.0
    assert Parameters(temperature=0).options().temperature == 0.0
    assert (Parameters().options().density, Parameters().options().octave) == (1.0, 0)
    assert not Parameters().options().freezes
    given = Parameters(density=0, octave=-1, freeze_tracks=("a", 1), freeze_bars="2").options()
    assert (given.density, given.octave) == (0.0, -1)
    assert (given.freeze_tracks, given.freeze_bars) == (("a", 1), "2")
