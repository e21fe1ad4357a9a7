"""Measures Accompanist beside its peers: python -m benchmarks [--quick] [--only PART] [--to DIR].

Writes RESULTS.md, RESULTS.json and RESULTS.png, and after a whole run the README's table. `make
bench` installs the peers before.
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.machine import describe_machine
from benchmarks.page import render_page
from benchmarks.picture import draw_results
from benchmarks.readme import write_table

# In this order: the limits come first, for the others are told as shares of them; the clock reads
# the run whose costs were measured.
PARTS = (
    "limits",
    "iteration",
    "voices_rate",
    "run_costs",
    "quality_clock",
    "growth",
    "threads",
    "serving",
    "load",
    "commands",
)


def main(arguments: list[str] | None = None) -> None:
    """Runs the parts one after the other; what is done is written at once."""
    options = _options(arguments)
    whole = not options.quick and not options.only
    to = options.to or Path("benchmarks" if whole else "runs/benchmarks")
    to.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "machine": describe_machine(),
        "seconds": {},
        "sections": {},
    }
    with tempfile.TemporaryDirectory(prefix="accompanist-bench-") as folder:
        bench = Bench(options.quick, Path(folder), {})
        for part in options.only or PARTS:
            start = time.monotonic()
            print(f"{part} ...", file=sys.stderr, flush=True)
            section = import_module(f"benchmarks.{part}").measure(bench)
            results["seconds"][part] = round(time.monotonic() - start, 1)
            results["sections"][part] = section.as_dict()
            print(f"{part}: {results['seconds'][part]:.0f} s", file=sys.stderr, flush=True)
            _write(to, results)
    if whole and options.to is None:
        write_table()
    print(f"See {to / 'RESULTS.md'}.")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in under four minutes, less exactly")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part alone")
    parser.add_argument(
        "--to", type=Path, help="where to write; by default benchmarks/, of a part runs/benchmarks/"
    )
    return parser.parse_args(arguments)


def _write(to: Path, results: dict[str, Any]) -> None:
    draw_results(results, to / "RESULTS.png")
    for name, text in (
        ("RESULTS.json", json.dumps(results, indent=1) + "\n"),
        ("RESULTS.md", render_page(results)),
    ):
        draft = to / f"draft-{name}"
        draft.write_text(text, encoding="utf-8")
        draft.replace(to / name)


if __name__ == "__main__":
    main()
