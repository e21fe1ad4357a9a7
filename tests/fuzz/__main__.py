"""Fuzzes one reader of strangers' bytes: `python -m tests.fuzz midi --executions 1000000`.

What is found lies in the folder of findings: `failed`, `crash-*`, `timeout-*` and `oom-*` are
inputs that made it end, `slowest` is what took longest, and `corpus/` holds what reached new code.
"""

import argparse
import importlib
import logging
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType

from tests.fuzz import CORPUS, HANG_S, MAX_GROWTH_MB, MAX_SECONDS, TARGETS, kept
from tests.fuzz.instrumenting import instrumented
from tests.fuzz.scratch import scratch


class Watch:
    """Executes inputs, measures each, and ends the process after the last.

    Args:
        target: what executes them.
        executions: how many.
        findings: the folder in which the slowest is kept.
    """

    def __init__(self, target: ModuleType, executions: int, findings: Path) -> None:
        self.target = target
        self.executions = executions
        self.findings = findings
        self.count = 0
        self.slowest_s = 0.0
        self.begin = time.monotonic()
        self.begin_mb = peak_mb()

    def __call__(self, data: bytes) -> None:
        """Executes one input."""
        start = time.process_time()
        try:
            self.target.execute(data)
        except BaseException:
            (self.findings / "failed").write_bytes(data)  # libFuzzer may die before it does so
            _clean()
            raise
        took = time.process_time() - start
        growth = peak_mb() - self.begin_mb
        if took > self.slowest_s:
            self.slowest_s = took
            (self.findings / "slowest").write_bytes(data)
        if took > MAX_SECONDS or growth > MAX_GROWTH_MB:
            raise RuntimeError(f"{took:.2f} s, {growth:.0f} MB more memory than at the beginning")
        self.count += 1
        if self.count >= self.executions:
            self._report(growth)

    def _report(self, growth: float) -> None:
        seconds = time.monotonic() - self.begin
        corpus = len(list((self.findings / "corpus").iterdir()))
        sys.stdout.write(
            f"{self.count} executions in {seconds:.0f} s, {self.count / seconds:.0f} a second; "
            f"{corpus} inputs reached new code; slowest {self.slowest_s * 1000:.0f} ms; "
            f"{growth:.1f} MB more memory than at the beginning; nothing failed.\n"
        )
        sys.stdout.flush()
        _clean()
        os._exit(0)


def _clean() -> None:
    """Deletes what the process wrote: it is ended without Python's own farewell."""
    if scratch.cache_info().currsize:
        shutil.rmtree(scratch(), ignore_errors=True)


def peak_mb() -> float:
    """The most memory that the process has had, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def mutator(
    target: ModuleType, mutate: Callable[[bytes, int], bytes]
) -> Callable[[bytes, int, int], bytes]:
    """Mixes changes that know the format with changes that know nothing."""

    def change(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)

        def mutate_bytes(some: bytes) -> bytes:
            return mutate(some, min(2 * len(some) + 16, max_size))

        for _ in range(1 + random.randrange(3)):
            known = random.randrange(4)
            new = target.mutate(data, random, mutate_bytes) if known else mutate_bytes(data)
            data = new if len(new) <= max_size else data
        return data

    return change


def main() -> None:
    """Reads the command line and fuzzes."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--findings", type=Path, help="default: runs/fuzz/TARGET")
    chosen = parser.parse_args()
    findings: Path = chosen.findings or Path("runs", "fuzz", chosen.target)
    (findings / "corpus").mkdir(parents=True, exist_ok=True)

    import atheris

    logging.disable()
    with instrumented():
        target = importlib.import_module(TARGETS[chosen.target])
    for path in kept(chosen.target):
        target.execute(path.read_bytes())  # what is loaded once is no growth
    words = findings / "words.txt"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.WORDS))
    flags = {
        "artifact_prefix": f"{findings}{os.sep}",
        "dict": words,
        "max_len": target.MAX_LENGTH,
        "rss_limit_mb": int(peak_mb() + MAX_GROWTH_MB),
        "timeout": HANG_S,
    }
    arguments = [f"-{name}={value}" for name, value in flags.items()]
    folders = [str(findings / "corpus"), str(CORPUS / chosen.target)]
    atheris.Setup(
        [sys.argv[0], *arguments, *folders],
        Watch(target, chosen.executions, findings),
        # atheris puts another `Mutate` in the place of this one when it begins
        custom_mutator=mutator(target, lambda data, size: atheris.Mutate(data, size)),
    )
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
