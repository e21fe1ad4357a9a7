"""Progress: a bar on a terminal, metric lines in a pipe."""

import io

from training.metric_lines import parse_line
from training.progress import LineReporter, ProgressBar, reporter_for


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_are_flushed_one_by_one():
    class Pipe(io.StringIO):
        flushed = ""

        def flush(self):
            self.flushed = self.getvalue()

    pipe = Pipe()
    reporter = reporter_for(pipe, total=10)
    reporter.note("Training on 7 phrases.")
    reporter.report({"iteration": 5, "kl": 0.25})
    assert pipe.flushed == "Training on 7 phrases.\niteration=5; kl=0.25;\n"
    reporter.close()
    reporter.close()
    assert not pipe.closed


def test_the_bar_shows_losses_and_ends_at_the_total():
    terminal = Terminal()
    bar = reporter_for(terminal, total=200)
    assert isinstance(bar, ProgressBar)
    bar.report({"iteration": 50, "critic_loss": -3.14159, "generator_loss": 0.5})
    bar.note("Sampled.")
    bar.report({"iteration": 200, "critic_loss": -2.5, "headline": 61.25})
    bar.close()
    bar.close()
    last = terminal.getvalue().split("\r")[-1]
    assert "200/200" in last
    assert "critic=-2.5, generator=0.5, headline=61.2" in last
    assert "Sampled.\n" in terminal.getvalue()


def test_a_headline_that_comes_late_does_not_move_the_bar_back():
    terminal = Terminal()
    bar = ProgressBar(terminal, total=200)
    bar.report({"iteration": 100, "critic_loss": 1.5})
    bar.report({"iteration": 80, "headline": 61.25})
    bar.close()
    last = terminal.getvalue().split("\r")[-1]
    assert "100/200" in last
    assert "headline=61.2" in last


def test_a_bar_is_fed_from_the_lines_of_another_process():
    pipe, terminal = io.StringIO(), Terminal()
    LineReporter(pipe).report({"iteration": 3, "critic_loss": 1.5})
    bar = ProgressBar(terminal, total=None)
    bar.report(parse_line(pipe.getvalue()))
    bar.close()
    assert "3it" in terminal.getvalue()
    assert "critic=1.5" in terminal.getvalue()
