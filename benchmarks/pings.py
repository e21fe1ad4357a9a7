"""Asks a server's /ping until stdin ends, then prints the seconds that each answer took.

    python -m benchmarks.pings PORT

It is a process of its own, so that nothing but the server's own lateness is counted.
"""

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.container.serving_process import Wire, request

EVERY_S = 0.02


@contextmanager
def pinging(port: int) -> Iterator[list[float]]:
    """Pings a server during the block; after it the list holds the seconds of each answer."""
    command = [sys.executable, "-m", "benchmarks.pings", str(port)]
    seconds: list[float] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()  # it has begun
            yield seconds
            told, _ = process.communicate()
            seconds += json.loads(told)
        finally:
            process.kill()


def main(port: int) -> None:
    """Pings; an answer that is not 200 counts as one that took forever."""
    seconds = []
    with Wire(port) as wire:
        print("begun", flush=True)
        while not select.select([sys.stdin], [], [], EVERY_S)[0]:
            start = time.perf_counter()
            status = wire.send(request("GET", "/ping")).answer().status
            seconds.append(time.perf_counter() - start if status == 200 else float("inf"))
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]))
