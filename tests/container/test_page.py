"""The page of `GET /`: what it is allowed to do, and, where a Chromium is, what it does."""

import base64
import hashlib
import json
import re

import pytest

from container.app import Settings, create_app
from inference.options import choose_programs
from music.instruments import ENSEMBLES
from music.melodies import MELODIES, melody
from music.midi import read_midi, write_midi
from music.song import Note, Song, Tempo, TimeSignature, Track
from tests.container import chromium
from tests.container.http_server import serving, wait_until

needs_browser = pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def client(voices_folder):
    with serving(create_app(Settings(voices_folder))) as client:
        yield client


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.browsing(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def test_only_the_pages_own_script_and_style_may_run(client):
    response = client.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert response.headers["Content-Type"].startswith("text/html")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        [text] = re.findall(rf"<{kind}>(.*?)</{kind}>", response.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy


def test_the_page_needs_no_network(client):
    html = client.get("/").text.replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert not re.search(r"(https?|wss?):|\bsrc=|@import|url\(", html)
    assert not re.search(r"<[^>]+\s(on\w+|style)=", html)


def open_page(browser, client, query="", state="true"):
    browser.complaints.clear()
    browser.open(f"{client.base_url}/{query}")
    browser.wait_for(f"typeof player !== 'undefined' && player.song && {state}")


@needs_browser
def test_a_link_accompanies(browser, client, tmp_path):
    query = "?melody=twinkle&seed=3&go=1&temperature=0.5&density=2&octave=-1&instruments=Choir+Aahs"
    open_page(browser, client, query, "document.body.dataset.state === 'accompanied'")
    answer = client.post(
        "/invocations",
        content=write_midi(melody("twinkle")),
        headers={
            "Content-Type": "audio/midi",
            "X-Amzn-SageMaker-Custom-Attributes": (
                "seed=3,temperature=0.5,density=2,octave=-1,instruments=Choir Aahs"
            ),
        },
    )
    assert browser.run("player.song.tracks.map(t => t.program)") == [0, 52, 52, 52]
    expected = [[(n.start, n.pitch) for n in t.notes] for t in read_midi(answer.content).tracks]
    found = browser.run("player.song.tracks.map(t => t.notes.map(n => [n.start, n.pitch]))")
    assert [[tuple(note) for note in track] for track in found] == expected
    assert browser.run("$('download').download") == "twinkle-3.mid"
    assert browser.run("$('facts').textContent").startswith("G major · ")
    assert browser.run("location.search") == (
        "?melody=twinkle&seed=3&go=1&temperature=0.5&density=2&octave=-1&instruments=Choir+Aahs"
    )
    assert browser.complaints == []
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.run("$('download').click()")
    wait_until(lambda: (tmp_path / "twinkle-3.mid").exists())
    assert (tmp_path / "twinkle-3.mid").read_bytes() == answer.content


@needs_browser
def test_every_instrument_offered_is_one(browser, client):
    open_page(browser, client)
    offered = browser.run("[...$('instruments').options].map(o => o.value).filter(Boolean)")
    assert set(ENSEMBLES) <= set(offered)
    for words in offered:
        choose_programs(words.split(";"), (0, 0, 0, 0))


def click(browser, x, y):
    at = {"x": x, "y": y, "button": "left", "clickCount": 1}
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, **at)


def click_bar(browser, bar):
    script = f"""(() => {{
      const box = $('roll').getBoundingClientRect();
      return [box.x + roll.x(player.song.bars[{bar - 1}].tick) + 9, box.bottom - 8];
    }})()"""
    click(browser, *browser.run(script))


def notes_of(browser):
    return browser.run("player.song.tracks.map(t => t.notes.map(n => [n.start, n.end, n.pitch]))")


@needs_browser
def test_bars_and_voices_are_kept(browser, client):
    browser.look(1200, 1000)
    open_page(browser, client, "?melody=twinkle&seed=3&go=1", "document.body.dataset.state")
    first = notes_of(browser)
    given = base64.b64decode(browser.run("btoa(String.fromCharCode(...state.answer))"))
    for bar in (4, 2, 3, 9, 4):  # the second press lets go
        click_bar(browser, bar)
    browser.run("document.querySelectorAll('.lock')[2].click()")
    assert browser.run("$('bars').value") == "2-3, 9"
    assert browser.run("$('keep-hint').innerText") == (
        "Bass in bars 2–3, 9 will stay; the rest is answered anew."
    )
    browser.run("$('octave').value = 1; $('again').click()")
    browser.wait_for("!$('again').disabled")
    seed = browser.run("$('seed').value")
    answer = client.post(
        "/invocations",
        content=given,
        headers={
            "Content-Type": "audio/midi",
            "X-Amzn-SageMaker-Custom-Attributes": (
                f"freeze_tracks=bass,freeze_bars=2-3;9,octave=1,seed={seed}"
            ),
        },
    )
    second = notes_of(browser)
    assert second == [
        [[n.start, n.end, n.pitch] for n in track.notes]
        for track in read_midi(answer.content).tracks
    ]
    bars = [(1920 * (bar - 1), 1920 * bar) for bar in (2, 3, 9)]
    kept = [n for n in first[3] if any(n[0] < end and n[1] > start for start, end in bars)]
    assert kept
    assert [n for n in second[3] if n in first[3]] == kept
    assert second[1] == [[start, end, pitch + 12] for start, end, pitch in first[1]]
    # What is kept stays kept until it is let go.
    assert browser.run("$('again').textContent") == "Answer the rest anew"
    assert browser.run("document.querySelectorAll('.lock')[2].ariaPressed") == "true"
    browser.run("pick('ode-to-joy')")
    assert browser.run("keeping.any") is False
    assert browser.complaints == []


@needs_browser
def test_bars_are_read_as_people_write_them(browser, client):
    open_page(browser, client, "?melody=twinkle&go=1", "document.body.dataset.state")

    def read(text):
        script = "$('bars').value = %s; $('bars').dispatchEvent(new Event('input'))"
        browser.run(script % json.dumps(text))
        bars = sorted(bar + 1 for bar in browser.run("[...keeping.bars]"))
        return bars if browser.run("$('bars').checkValidity()") else None

    assert read("3") == [3]
    assert read("1-3, 5; 12") == [1, 2, 3, 5, 12]
    assert read("2 – 3,") == [2, 3]
    assert read("") == []
    for text in ("0", "13", "3-2", "1-13", "a", "1-", "1 2", "1.5"):
        assert read(text) is None, text
    assert browser.run("$('bars').validationMessage") == "Name bars from 1 to 12, e.g. 1-4, 7."
    # Nothing is sent with bars that cannot be read.
    browser.run("$('again').click()")
    assert browser.run("$('again').disabled") is False


@needs_browser
def test_playing_pausing_seeking_and_muting(browser, client):
    open_page(browser, client, "?melody=ode-to-joy&go=1", "document.body.dataset.state")
    browser.run("$('play').click()")
    browser.wait_for("player.playing && player.now() > 0.3")
    assert browser.run("$('play-text').textContent") == "Pause"
    loudest = """
    new Promise((resolve) => {
      const ear = player.context.createAnalyser(), wave = new Float32Array(2048);
      player.out.connect(ear);
      const listen = () => {
        ear.getFloatTimeDomainData(wave);
        const peak = Math.max(...wave.map(Math.abs));
        if (peak > 0.01) resolve(peak); else setTimeout(listen, 20);
      };
      listen();
    })
    """
    assert 0.01 < browser.run(loudest) < 1
    browser.run("$('legend').querySelectorAll('button')[1].click()")
    assert browser.run("[...player.muted]") == [1]
    browser.run("player.seek(10)")
    browser.wait_for("player.now() > 10")
    browser.run("$('play').click()")
    assert browser.run("player.playing") is False
    assert browser.run("player.now()") >= 10
    assert browser.complaints == []


SONGS = {
    **{name: melody(name) for name in MELODIES},
    "band": Song(
        96,
        (
            Track("Drums", 0, (Note(0, 96, 38),), is_drum=True),
            Track("Ein Lied ♪", 40, (Note(10, 96, 60, 1), Note(10, 200, 60, 99), Note(96, 97, 62))),
            Track("", 5, (Note(0, 5000, 127), Note(7, 8, 0))),
        ),
        (Tempo(0, 400_000), Tempo(100, 1_000_000), Tempo(150, 3)),
        (TimeSignature(0, 3, 8), TimeSignature(144, 7, 4)),
    ),
}


@needs_browser
@pytest.mark.parametrize("name", ["twinkle", "frere-jacques", "ode-to-joy", "band"])
def test_the_page_reads_files_as_the_server_does(browser, client, name):
    data = write_midi(SONGS[name])
    open_page(browser, client)
    expected = read_midi(data)
    script = f"""(() => {{
      const song = parseMidi(decode("{base64.b64encode(data).decode()}").buffer);
      return {{
        tracks: song.tracks.map(t => [t.name, t.program, t.drum, t.notes.map(
          n => [n.start, n.end, n.pitch, n.velocity])]),
        bars: song.bars.map(bar => bar.tick),
        seconds: song.seconds,
        back: song.tickAt(song.secondsAt(120)),
      }};
    }})()"""
    found = browser.run(script)
    assert [
        (name, program, drum, sorted(tuple(note) for note in notes))
        for name, program, drum, notes in found["tracks"]
    ] == [
        (
            t.name,
            t.program,
            t.is_drum,
            sorted((n.start, n.end, n.pitch, n.velocity) for n in t.notes),
        )
        for t in expected.tracks
    ]
    assert found["bars"] == [start for start, _ in expected.bars()]
    assert found["seconds"] == pytest.approx(expected.seconds(expected.end))
    assert found["back"] == pytest.approx(120)


def choose(browser, data, name):
    encoded = json.dumps(base64.b64encode(data).decode())
    browser.run(f"openFile(new File([decode({encoded})], {json.dumps(name)}))")


@needs_browser
def test_a_file_with_several_tracks(browser, client):
    open_page(browser, client)
    choose(browser, write_midi(SONGS["band"]), "my band.mid")
    assert browser.run("$('title').textContent") == "my band.mid"
    assert browser.run("[...$('track').options].map(o => [o.value, o.text])") == [
        ["1", "Ein Lied ♪ (3 notes)"],
        ["2", "Track 3 (2 notes)"],
    ]
    browser.run("$('track').value = '2'; $('go').click()")
    browser.wait_for("document.body.dataset.state === 'accompanied'")
    assert browser.run("player.song.tracks[0].notes.length") == 2
    assert browser.run("$('warnings').innerText").startswith("Only track 2 was accompanied")
    assert browser.run("$('download').download") == "my-band-1.mid"
    assert browser.complaints == []


@needs_browser
def test_faults_are_shown(browser, client):
    open_page(browser, client, "?melody=kazoo")
    assert "no built-in melody “kazoo”" in browser.run("$('error').innerText")
    choose(browser, b"nonsense", "nonsense.mid")
    assert browser.run("$('error').innerText").startswith("This is not a MIDI file.")
    choose(browser, write_midi(melody("twinkle"))[:-50], "cut.mid")
    assert "damaged" in browser.run("$('error').innerText")
    browser.run("$('melody').value = 'twinkle'; pick('twinkle')")
    assert browser.run("$('error').hidden") is True
    browser.run("$('instruments').append(new Option('kazoo', 'kazoo', true, true)); accompany()")
    browser.wait_for("!$('error').hidden")
    assert "no General MIDI instrument" in browser.run("$('error').innerText")


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
def test_narrow_and_wide(browser, client, dark):
    for width in (320, 400, 1200):
        browser.look(width, 800, dark=dark)
        open_page(browser, client, "?melody=twinkle&go=1", "document.body.dataset.state")
        assert browser.run("document.documentElement.scrollWidth") <= width
        assert browser.run("getComputedStyle(document.body).backgroundColor") == (
            "rgb(20, 23, 28)" if dark else "rgb(245, 244, 240)"
        )
