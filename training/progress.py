"""Shows how a run goes: a bar on a terminal, metric lines everywhere else.

The trainer and the launcher share the bar. A trainer whose output is a pipe writes lines; the
launcher that reads the pipe feeds what `metric_lines.parse_line` gives to a bar of its own.
"""

from collections.abc import Mapping
from typing import Protocol, TextIO

from training.metric_lines import format_line

# What fits beside the bar, and the word it goes by there.
_SHOWN = {
    "critic_loss": "critic",
    "generator_loss": "generator",
    "headline": "headline",
}


class Reporter(Protocol):
    """Receives the metrics of a run while it goes on."""

    def report(self, values: Mapping[str, float]) -> None:
        """Takes one report: numbers by name, `iteration` among them."""

    def note(self, text: str) -> None:
        """Takes one line of words."""

    def close(self) -> None:
        """Ends the reports; a second call does nothing."""


class LineReporter:
    """Writes each report as a metric line, at once, so that a reader of the pipe sees it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def report(self, values: Mapping[str, float]) -> None:
        """Writes one metric line."""
        self.note(format_line(values))

    def note(self, text: str) -> None:
        """Writes one line of words."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def close(self) -> None:
        """Leaves the stream open: it belongs to the caller."""


class ProgressBar:
    """A bar with losses, rate and time left.

    Args:
        stream: the terminal.
        total: the iterations of the whole run, None where they are not known.
    """

    def __init__(self, stream: TextIO, total: int | None) -> None:
        from tqdm import tqdm

        self._bar = tqdm(total=total, file=stream, unit="it", dynamic_ncols=True, smoothing=0.1)
        self._shown: dict[str, str] = {}
        self._started = False

    def report(self, values: Mapping[str, float]) -> None:
        """Moves the bar to the report's iteration; what a report omits keeps its last value.

        A headline may come when the iterations have gone on: the bar never goes back.
        """
        iteration = int(values["iteration"])
        if not self._started:
            self._started = True
            self._bar.initial = iteration  # a resumed run was not this fast
            self._bar.n = iteration
        for name, word in _SHOWN.items():
            if name in values:
                self._shown[word] = f"{values[name]:.3g}"
        self._bar.set_postfix(self._shown, refresh=False)
        self._bar.update(max(0, iteration - self._bar.n))

    def note(self, text: str) -> None:
        """Writes one line of words above the bar."""
        self._bar.write(text, file=self._bar.fp)

    def close(self) -> None:
        """Leaves the bar as it stands and ends its line."""
        self._bar.close()


def reporter_for(stream: TextIO, total: int | None) -> Reporter:
    """Returns a bar where the stream is a terminal, else a writer of metric lines."""
    return ProgressBar(stream, total) if stream.isatty() else LineReporter(stream)
