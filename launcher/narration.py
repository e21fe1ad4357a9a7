"""Follows a job on the screen to its end, and does with Ctrl-C as asked."""

import signal
import sys
from typing import TYPE_CHECKING

import click

from launcher.commands import INTERRUPTED, echo_json
from launcher.console import Interrupts, Narrator, next_command, shown_path
from launcher.errors import LauncherError
from launcher.job_views import show_end
from launcher.records import Job

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions
    from launcher.protocols import Jobs

STOP, DETACH = "stop", "detach"
_ASK, _FOLLOW = "ask", "follow"


class _DetachedError(Exception):
    """The user left the job to itself."""


def narrate(
    job: Job, root: str, *, as_json: bool, aws: "AwsOptions | None", on_interrupt: str | None
) -> None:
    """Shows what happens to a job until it ends, then how it ended.

    Args:
        job: as it was started.
        root: the folder of the jobs, as the user gave it.
        as_json: show nothing but the ended job, as JSON.
        aws: what is to be known of AWS.
        on_interrupt: what Ctrl-C does, `stop` or `detach`; None for what suits the target.

    Raises:
        LauncherError: if a job in AWS cannot be followed any more.
        SystemExit: if it did not end well, or was left to itself.
    """
    from launcher.homes import home_of_job

    jobs = home_of_job(str(job.folder), root, aws).jobs
    narrator = Narrator(sys.stdout, job.iterations or None, quiet=as_json)
    narrator.say(f"Job {job.name} in {shown_path(job.folder)}")
    with Interrupts() as interrupts:
        narration = _Narration(jobs, narrator, interrupts, on_interrupt)
        try:
            end = narration.follow(job)
        except _DetachedError:
            narrator.close()
            click.echo(_farewell(job, root, narration.has_stopped), err=True)
            sys.exit(INTERRUPTED)
        except LauncherError as error:
            narrator.close()
            raise _lost_sight(job, root, error) from error
    narrator.close()
    if as_json:
        echo_json(end.describe())
    else:
        show_end(end, root)
    if end.status != "Completed":
        sys.exit(INTERRUPTED if interrupts.count and end.status == "Stopped" else 1)


class _Narration:
    """Tells of one job.

    Attributes:
        has_stopped: whether the job was asked to stop.
    """

    def __init__(
        self, jobs: "Jobs", narrator: Narrator, interrupts: Interrupts, on_interrupt: str | None
    ) -> None:
        self.has_stopped = False
        self._jobs = jobs
        self._narrator = narrator
        self._interrupts = interrupts
        self._on_interrupt = on_interrupt
        self._phases: tuple[str, ...] = ()

    def follow(self, started: Job) -> Job:
        """Returns the job as it ended."""
        from launcher.following import follow

        job, answer = started, self._on_interrupt or _usual(started)
        for event in follow(
            self._jobs,
            started,
            on_wait=lambda: self._look_for_ctrl_c(started, answer),
            on_trouble=lambda error: self._narrator.say(f"{error.message} Trying on."),
        ):
            if isinstance(event, str):
                self._narrator.line(event)
            else:
                job = event
                self._say_state(job)
        return job

    def _say_state(self, job: Job) -> None:
        if job.remote is None:
            if job.is_running:
                self._narrator.say(job.secondary_status)
            return
        shown, self._phases = self._phases, job.remote.phases
        for number, phase in enumerate(self._phases):
            if number >= len(shown) or phase != shown[number]:
                self._narrator.say(phase)

    def _look_for_ctrl_c(self, job: Job, answer: str) -> None:
        if not self._interrupts.count:
            return
        if self.has_stopped:
            if self._interrupts.count > 1:
                raise _DetachedError
            return
        if answer == _ASK:
            self._narrator.close()
            answer = _ask(job)
        if answer == DETACH:
            raise _DetachedError
        self._interrupts.count = 1 if answer == STOP else 0
        if answer == STOP:
            self.has_stopped = True
            self._jobs.stop(str(job.folder))
            self._narrator.say(
                "Stopping: it saves a checkpoint and its model first. Ctrl-C again leaves it to "
                "itself."
            )


def _usual(job: Job) -> str:
    """What Ctrl-C does unless it is said: a job in AWS may run for hours without us."""
    if job.remote is None:
        return STOP
    return _ASK if sys.stdin.isatty() and sys.stdout.isatty() else DETACH


def _ask(job: Job) -> str:
    """Asks what shall become of a job; whoever breaks off the question leaves it running."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        answer = click.prompt(
            f"Shall {job.name} stop and save, or run on without you, or do you follow on?",
            type=click.Choice([STOP, DETACH, _FOLLOW]),
            default=DETACH,
        )
    except click.Abort:
        return DETACH
    finally:
        signal.signal(signal.SIGINT, before)
    return str(answer)


def _farewell(job: Job, root: str, has_stopped: bool) -> str:
    status = next_command("status", job.name, root=root)
    if has_stopped:
        return f"{job.name} stops by itself; look with `{status}`."
    stop = next_command("stop", job.name, root=root)
    costs = ", and costs until it ends" if job.remote else ""
    return f"{job.name} runs on{costs}; look with `{status}`, end it with `{stop}`."


def _lost_sight(job: Job, root: str, error: LauncherError) -> LauncherError:
    if job.remote is None:
        return error
    status = next_command("status", job.name, root=root)
    return LauncherError(
        error.code,
        f"{error.message} The job {job.name} goes on.",
        f"{error.hint} Then look with `{status}`.",
    )
