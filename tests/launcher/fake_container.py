"""Stands in for `python -m container`: fast, and as good or bad as FAKE says.

train   prints a metric line and writes a checkpoint for each iteration, then leaves a model.
        FAKE=endless waits for SIGTERM after the first; stubborn does not heed it; fail writes a
        failure file; die ends by SIGKILL.
serve   answers /ping once it was asked before, and /invocations with what it was sent.
        FAKE=broken ends at once; refuse answers with an error; slow is never ready.
"""

import base64
import http.server
import json
import os
import signal
import sys
from pathlib import Path

FAILURE = "NotEnoughNotes: " + "far too few of them, " * 80 + "the end."
SONG = b"MThd of a song"


def say(text):
    sys.stdout.write(f"{text}\n")


def train(base, mode):
    (base / "output" / "data" / "environ.json").write_text(json.dumps(dict(os.environ)))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    settings = json.loads((base / "input" / "config" / "hyperparameters.json").read_text())
    checkpoint = base / "checkpoints" / "iteration"
    first = int(checkpoint.read_text()) + 1 if checkpoint.exists() else 1
    say(f"Starting at {first}.")
    for iteration in range(first, int(settings.get("iterations", 3)) + 1):
        say(f"iteration={iteration}; critic_loss=-{iteration}.5; headline=4{iteration};")
        checkpoint.write_text(str(iteration))
        if mode in ("endless", "stubborn"):
            while signal.sigwait({signal.SIGTERM}) and mode == "stubborn":
                say("Asked to stop.")
            say("Saved.")
            break
    if mode == "fail":
        (base / "output" / "failure").write_text(FAILURE)
        sys.exit(3)
    if mode == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    (base / "model" / "1").mkdir(exist_ok=True)
    (base / "model" / "1" / "weights").write_text("of the generator")
    (base / "model" / "manifest.json").write_text("{}")
    if not (base / "model" / "latest").exists():
        (base / "model" / "latest").symlink_to("manifest.json")
    (base / "output" / "data" / "report.html").write_text("<p>good</p>")
    sys.stdout.write("The last line has no line break.")


class Handler(http.server.BaseHTTPRequestHandler):
    pings = 0

    def do_GET(self):
        Handler.pings += 1
        is_ready = Handler.pings > 1 and os.environ.get("FAKE") != "slow"
        sys.stdout.write("Asked.\n")
        self.answer(200 if is_ready else 503, {})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if os.environ.get("FAKE") == "refuse":
            self.answer(400, {"error": "no_notes", "message": "No notes.", "hint": "Add some."})
            return
        song = base64.b64encode(SONG).decode()
        takes = [{"midi": song, "seed": 7 + i} for i in range(request.get("takes", 1))]
        self.answer(200, {"takes": takes, "warnings": ["It was cut."], "model": request})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(base, mode):
    if mode == "broken":
        sys.exit("The model is no model.")
    assert (base / "model" / "manifest.json").is_file()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # the first process has no default
    address = (os.environ["ACCOMPANIST_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    http.server.HTTPServer(address, Handler).serve_forever()


if __name__ == "__main__":
    verb = {"train": train, "serve": serve}[sys.argv[1]]
    verb(Path(os.environ["SAGEMAKER_BASE_DIR"]), os.environ.get("FAKE", ""))
