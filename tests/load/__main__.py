"""Loads a real server with many requests, then kills and stops it in the middle of others.

    python -m tests.load [--requests 100000] [--connections 1 2 4 .. 128] [--disturbed 2000]
                         [--model FOLDER] [--seed 0] [--ping 100] [--plot FILE.png]

No two requests are alike: melodies, ways to send them, seeds and takes differ. They are shared out
among the numbers of connections, after a fiftieth as many to warm up with the most of them. Each
answer must hold the melody, the seeds, the type and the identity of its own request; every fiftieth
is asked for again, alone, and must be the same bytes. /ping must answer in time all along, memory
must not grow, and 429 is seen where there are more connections than the server lets wait, and only
there: such a request is sent again when Retry-After says so, and its latency is that of the answer.

Then the server gets SIGKILL twice and SIGTERM twice under load, and is started again each time.
Clients may see connections refused or closed, after SIGKILL answers cut short too, and 503 until
the model is loaded; they ask again, and in the end every request must have its own answer. After
SIGTERM, and all along before, every answer that the server's log tells of must have arrived.

`timer late` is by how much our own timer was late. Where that is more than /ping may take, the
machine is too busy to tell: give --ping more.

Without --model a network of the default size is trained for two iterations. Ctrl-C ends it with
what was measured so far. The exit code is 0 only if all of this held.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from benchmarks.machine import machine
from container.paths import TrainingPaths
from tests.container.folders import job, phrase_set
from tests.container.processes import run
from tests.load.campaign import Campaign, Row, growth
from tests.load.sender import Tally
from tests.load.served import Served

CONNECTIONS = (1, 2, 4, 8, 16, 32, 64, 128)
WARM_UP = 50
DISTURBED_CONNECTIONS = 32
GROWTH_MIB = 16.0
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Prints the table and what was wrong; returns 0 if nothing was."""
    given = _parse(arguments)
    _say(f"{machine()}, niceness {os.nice(0)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            model = given.model or _make_model(folder / "made")
        except KeyboardInterrupt:
            return INTERRUPTED
        served = Served(folder / "served", model)
        try:
            return asyncio.run(_run(Campaign(served, given.seed), given))
        finally:
            served.close()


async def _run(campaign: Campaign, given: argparse.Namespace) -> int:
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, campaign.stop)
    progress = asyncio.create_task(_show_progress(campaign))
    rows = await _undisturbed(campaign, given)
    await _disturbed(campaign, given)
    progress.cancel()
    if given.plot and rows:
        _plot(rows, given.plot)
    _say(f"{campaign.answered} good answers; load of the machine at last {os.getloadavg()[0]:.1f}")
    for fault in campaign.faults[:20]:
        _say(f"FAULT {fault}")
    if campaign.stopping:
        _say("Interrupted.")
        return INTERRUPTED
    _say(f"{len(campaign.faults)} faults.")
    return 1 if campaign.faults else 0


async def _undisturbed(campaign: Campaign, given: argparse.Namespace) -> list[Row]:
    warm = await campaign.row(max(given.connections), given.requests // WARM_UP, given.ping / 1000)
    names = list(warm.cells())
    _say(f"warm-up: {', '.join(f'{name} {cell}' for name, cell in warm.cells().items())}\n")
    _say(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    rows = []
    for number, connections in enumerate(given.connections, start=1):
        if campaign.stopping:
            break
        share = given.requests * number // len(given.connections)
        share -= given.requests * (number - 1) // len(given.connections)
        rows.append(await campaign.row(connections, share, given.ping / 1000))
        _say(f"| {' | '.join(rows[-1].cells().values())} |")
    campaign.check_log()
    if rows:
        grown = growth([warm, *rows])
        _say(f"\nMemory grew by {grown:.1f} MiB after the warm-up.")
        if grown > GROWTH_MIB:
            campaign.faults.append(f"Memory grew by {grown:.1f} MiB.")
    return rows


async def _disturbed(campaign: Campaign, given: argparse.Namespace) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        if campaign.stopping or not given.disturbed:
            return
        tally = await campaign.disturbed(how, DISTURBED_CONNECTIONS, given.disturbed, times=2)
        if how == signal.SIGTERM:
            campaign.check_log()
        _say(
            f"{how.name} twice among {given.disturbed} requests: {tally.answered} answered well; "
            f"meanwhile {_counts(tally)}."
        )


def _counts(tally: Tally) -> str:
    seen = {**tally.lost, **{str(status): n for status, n in tally.refused.items()}}
    return ", ".join(f"{number} times {what}" for what, number in sorted(seen.items()))


def _make_model(base: Path) -> Path:
    """Trains a network of the default size, for two iterations."""
    job(base, hyperparameters={"iterations": "2"}, train=phrase_set(64))
    done = run(base, "train", quick=False, timeout=600)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
    return TrainingPaths(base).model


async def _show_progress(campaign: Campaign) -> None:
    """Rewrites a line each second on a terminal, and writes one a minute elsewhere."""
    is_terminal = sys.stderr.isatty()
    for second in count():
        sender = campaign.sender
        if sender is not None and (is_terminal or second % 60 == 0):
            text = f"{sender.tally.answered} of {sender.wanted} answered, "
            text += f"{campaign.answered} before, {len(campaign.faults)} faults"
            sys.stderr.write(f"\r{text:79}" if is_terminal else f"{text}\n")
            sys.stderr.flush()
        await asyncio.sleep(1)


def _plot(rows: Sequence[Row], path: Path) -> None:
    """Draws throughput against latency, a point for each number of connections."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, share in (("half", 0.5), ("99 of 100", 0.99)):
        latencies = [row.latency(share) for row in rows]
        axes.plot([row.rate for row in rows], latencies, "o-", label=f"{name} are answered within")
    for row in rows:
        axes.annotate(f"{row.connections}", (row.rate, row.latency(0.5)), (4, -10),
                      textcoords="offset points")  # fmt: skip
    axes.set(xlabel="requests a second", ylabel="ms", yscale="log")
    axes.set_xlim(left=0)
    axes.set_title("Latency at each number of connections")
    axes.legend()
    figure.savefig(path, dpi=150)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.load",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--disturbed", type=int, default=2000, help="for each signal; 0 for none")
    parser.add_argument("--model", type=Path, help="a folder with a manifest.json")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ping", type=float, default=100, help="ms that /ping may take")
    parser.add_argument("--plot", type=Path, help="gets throughput against latency")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    clear = f"\r{'':79}\r" if sys.stderr.isatty() else ""
    sys.stderr.write(clear)
    sys.stderr.flush()
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
