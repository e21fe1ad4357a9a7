"""What `check` found out about an artifact."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["ok", "note", "fault"]

MAX_SHOWN = 10  # faults of one kind that are spelt out


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: what was looked at, in a word or a few.
        verdict: `note` is worth knowing and no fault.
        text: a figure, or a sentence for what is wrong.
        hint: a sentence for the cure of a fault.
    """

    check: str
    verdict: Verdict
    text: str
    hint: str = ""


@dataclass
class Checkup:
    """All that was found out about one artifact.

    Attributes:
        source: the artifact, as the user knows it.
        findings: in the order in which they were made.
        figures: sizes in bytes, times in seconds; those that were measured.
    """

    source: str
    findings: list[Finding] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def faults(self) -> list[Finding]:
        """What is wrong, the first reason first."""
        return [finding for finding in self.findings if finding.verdict == "fault"]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def add(self, check: str, text: str, verdict: Verdict = "ok", hint: str = "") -> None:
        """Takes one finding; what would steer a terminal is spelt out."""
        self.findings.append(Finding(check, verdict, _printable(text), _printable(hint)))

    def add_faults(self, check: str, faults: Iterable[tuple[str, str]], otherwise: str) -> bool:
        """Takes the faults of one check, the first ones spelt out, or says that all is well.

        Args:
            check: what was looked at.
            faults: a sentence for each, and one for its cure.
            otherwise: what to say where there is none; nothing if empty.

        Returns:
            Whether there was none.
        """
        remaining = iter(faults)
        shown = list(itertools.islice(remaining, MAX_SHOWN))
        more = sum(1 for _ in remaining)
        for text, hint in shown:
            self.add(check, text, "fault", hint)
        if more:
            self.add(check, f"And {more} more.", "fault")
        if not shown and otherwise:
            self.add(check, otherwise)
        return not shown

    def describe(self) -> dict[str, Any]:
        """Returns everything, ready for JSON."""
        checks = [
            {"check": item.check, "verdict": item.verdict, "text": item.text, "hint": item.hint}
            for item in self.findings
        ]
        return {"source": self.source, "ok": self.ok, "checks": checks, "figures": self.figures}


def _printable(text: str) -> str:
    plain = text.replace("\n", " ")
    if plain.isprintable():
        return plain
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in plain)


def megabytes(count: float) -> str:
    """Writes a size, e.g. `21.6 MB`."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
