"""What `python -m container serve` does with its model folder (I-01), and where it may run (I-13).

Other damage: `test_server.py`.
"""

import hashlib
import json
import shutil

import pytest

from music.manifest import GENERATOR_FILE
from music.melodies import melody
from music.midi import write_midi
from tests.container.processes import STRANGER, as_root, as_strict_as_can_be, in_namespace
from tests.container.serving_process import request, seconds, serving

MIDI = write_midi(melody("twinkle"))
QUICK_S = 20  # a tenth of it on a machine that is idle


@pytest.fixture
def base(voices_folder, tmp_path):
    base = tmp_path / "base"
    for name in (GENERATOR_FILE, "manifest.json"):
        (base / "model").mkdir(parents=True, exist_ok=True)
        shutil.copy(voices_folder / name, base / "model")
    return base


def contents(folder):
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


@as_root
def test_a_stranger_serves_with_nothing_but_tmp_to_write(base, tmp_path):
    before = contents(base / "model")
    strict = as_strict_as_can_be(base, closed=True, flags=("--mount",))
    with serving("/mnt", tmp_path, wrap=strict) as server:
        assert server.status_field("Uid") == STRANGER
        assert server.invoke(MIDI).status == 200
        server.process.terminate()
        code, log = server.end()
    assert code == 0
    assert "ERROR" not in log
    assert contents(base / "model") == before


def end_of(base, folder, *, wrap=()):
    """Starts a server that cannot work, with a client that it has to leave alone."""
    with serving(base, folder, wrap=wrap, ready=False) as server, server.wire() as client:
        client.send(request("POST", "/invocations", Content_Length=9), b"MThd")
        (code, log), took = seconds(server.end)
    assert took < QUICK_S
    assert "Traceback" not in log
    return code, log.splitlines()[2:]


def test_a_generator_that_is_none_is_told_though_its_hash_is_right(base, tmp_path):
    generator, manifest = base / "model" / GENERATOR_FILE, base / "model" / "manifest.json"
    generator.write_bytes(b"\x1c\0\0\0TFL3" + b"\xff" * 5000)
    told = json.loads(manifest.read_text())
    told["files"][GENERATOR_FILE] = hashlib.sha256(generator.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(told))
    code, log = end_of(base, tmp_path)
    assert code == 1
    assert log[0].startswith(f"ERROR {generator} is no LiteRT model")


@as_root
def test_a_model_that_may_not_be_read_is_told(base, tmp_path):
    (base / "model" / GENERATOR_FILE).chmod(0)
    tmp_path.chmod(0o755)
    stranger = ["setpriv", f"--reuid={STRANGER}", "--regid=0", "--clear-groups"]
    open_to_all = in_namespace(f"mount --bind '{base}' /mnt", flags=("--mount",))
    code, log = end_of("/mnt", tmp_path, wrap=[*open_to_all, *stranger])
    assert code == 1
    assert log[0].startswith(f"ERROR `{GENERATOR_FILE}` in /mnt/model is no readable")
