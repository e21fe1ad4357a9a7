"""The commands `train`, `status`, `stop` and `delete`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from launcher.commands import command, echo_json
from launcher.console import (
    DataProgress,
    Interrupts,
    Narrator,
    duration,
    facts,
    local_time,
    next_command,
    shown_path,
    table,
)

if TYPE_CHECKING:
    from launcher.jobs import Overview
    from launcher.records import Endpoint, Job
    from launcher.request import TrainingRequest
    from launcher.targets import Jobs

INTERRUPTED = 130  # the exit code of a command that Ctrl-C ended
_LAST_LINES = 20


class _DetachedError(Exception):
    """The user left the job to itself."""


@command("train")
@click.option("--instance", default="local", show_default=True, help="Where to train.")
@click.option("--data", metavar="DATA", help="`bach`, the default, or a phrases.npz.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A hyperparameter.")
@click.option("--name", metavar="JOB", help="Its name; made from data and time if left out.")
@click.option("--resume", metavar="JOB", help="Go on with a job that has ended.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--no-wait", is_flag=True, help="Return when the job has started.")
def train_command(
    instance: str,
    data: str | None,
    settings: tuple[str, ...],
    name: str | None,
    resume: str | None,
    dry_run: bool,
    no_wait: bool,
    as_json: bool,
    root: str,
) -> None:
    """Train an accompanist.

    Follows the job until it ends. Ctrl-C asks it to stop, and it saves first; a second Ctrl-C
    leaves it to itself. docs/hyperparameters.md lists what --set can change.
    """
    from launcher.jobs import plan, train
    from launcher.settings import check_settings, split_pairs

    values, faults = split_pairs(settings)
    if faults:
        check_settings(values, faults)
    if dry_run:
        if resume:
            raise click.UsageError("--dry-run tells of new jobs only, not of --resume.")
        request = plan(
            instance=instance, data=data or "bach", hyperparameters=values, name=name, root=root
        )
        _show_request(request, root, as_json)
        return
    job = train(
        instance=instance,
        data=data,
        hyperparameters=values,
        name=name,
        resume=resume,
        wait=False,
        root=root,
        progress=DataProgress(sys.stderr),
    )
    if not no_wait:
        _follow(job, instance, root, as_json)
    elif as_json:
        echo_json(job.describe())
    else:
        click.echo(job.name)


@command("status")
@click.argument("name", required=False)
def status_command(name: str | None, as_json: bool, root: str) -> None:
    """Show all jobs and endpoints, or one.

    NAME may be cut short, or be the path of its folder.
    """
    from launcher.jobs import status
    from launcher.records import Job
    from launcher.targets import LOCAL, target_for

    jobs = target_for(LOCAL, root).jobs
    if name is None:
        _show_overview(status(root=root), jobs, root, as_json)
        return
    found = status(name, root=root)
    if isinstance(found, Job):
        _show_job(found, jobs, root, as_json)
    else:
        _show_endpoint(found, as_json)


@command("stop")
@click.argument("job")
@click.option("--no-wait", is_flag=True, help="Return without waiting for the job to end.")
def stop_command(job: str, no_wait: bool, as_json: bool, root: str) -> None:
    """Stop a job; it saves a checkpoint and its model first."""
    from launcher.jobs import status, stop

    was_running = getattr(status(job, root=root), "is_running", False)
    found = stop(job, wait=not no_wait, root=root)
    if as_json:
        echo_json(found.describe())
    elif no_wait and was_running:
        click.echo(f"{found.name} has been asked to stop.")
    else:
        click.echo(f"{found.name} is {found.status}.")
        _say_how_to_go_on(found, root)


@command("delete")
@click.argument("name")
@click.option("--force", is_flag=True, help="End a job that still runs, without saving.")
def delete_command(name: str, force: bool, as_json: bool, root: str) -> None:
    """Delete a job with its model, or stop and delete an endpoint.

    NAME is the whole name, or the path of the folder. What is not there is no fault.
    """
    from launcher.jobs import delete

    kind = delete(name, force=force, root=root)
    if as_json:
        echo_json({"name": name, "deleted": kind})
    else:
        click.echo(f"Deleted the {kind} {name}." if kind else f"There is no {name} to delete.")


def _follow(job: "Job", instance: str, root: str, as_json: bool) -> None:
    from launcher.targets import target_for

    jobs = target_for(instance, root).jobs
    narrator = Narrator(sys.stdout, job.iterations, quiet=as_json)
    narrator.say(f"Job {job.name} in {shown_path(job.folder)}")
    with Interrupts() as interrupts:
        try:
            end = _narrate(job, jobs, narrator, interrupts)
        except _DetachedError:
            narrator.close()
            status = next_command("status", job.name, root=root)
            click.echo(f"{job.name} stops by itself; look with `{status}`.", err=True)
            sys.exit(INTERRUPTED)
    narrator.close()
    if as_json:
        echo_json(end.describe())
    else:
        _show_end(end, jobs, root)
    if end.status != "Completed":
        sys.exit(INTERRUPTED if interrupts.count and end.status == "Stopped" else 1)


def _narrate(job: "Job", jobs: "Jobs", narrator: Narrator, interrupts: Interrupts) -> "Job":
    from launcher.following import follow

    told = 0

    def look_for_ctrl_c() -> None:
        nonlocal told
        if interrupts.count > 1:
            raise _DetachedError
        if interrupts.count > told:
            told = interrupts.count
            jobs.stop(str(job.folder))
            narrator.say(
                "Stopping: it saves a checkpoint and its model first. Ctrl-C again leaves it to "
                "itself."
            )

    for event in follow(jobs, job, on_wait=look_for_ctrl_c):
        if isinstance(event, str):
            narrator.line(event)
        else:
            job = event
            if job.is_running:
                narrator.say(job.secondary_status)
    return job


def _show_end(job: "Job", jobs: "Jobs", root: str) -> None:
    click.echo(f"{job.status} after {duration(job.seconds)}.")
    if job.status == "Failed":
        from launcher.following import last_lines

        click.echo(f"\n{_failure(job)}\n\nThe log, {shown_path(job.log)}, ends with:", err=True)
        click.echo("\n".join(last_lines(jobs, job, _LAST_LINES)), err=True)
        return
    click.echo(facts(_places(job)))
    _say_how_to_go_on(job, root)


def _failure(job: "Job") -> str:
    """The whole failure file, of which the record has the beginning."""
    path = job.folder / "output" / "failure"
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return text.strip() or job.failure_reason or "It gave no reason."


def _places(job: "Job") -> dict[str, object]:
    places = {
        "model": job.model if job.artifact.exists() else None,
        "samples": job.samples,
        "report": job.report,
    }
    return {name: shown_path(path) for name, path in places.items() if path and path.exists()}


def _say_how_to_go_on(job: "Job", root: str) -> None:
    if job.status == "Stopped" or (job.status == "Failed" and not job.has_orphan):
        click.echo(f"Go on with:    {next_command('train', '--resume', job.name, root=root)}")
    if job.status in ("Completed", "Stopped") and job.artifact.exists():
        click.echo(f"Next, serve it: {next_command('deploy', job.name, root=root)}")


def _show_request(request: "TrainingRequest", root: str, as_json: bool) -> None:
    content = request.describe(str(Path(root) / request.name))
    if as_json:
        echo_json(content)
        return
    settings = content.pop("hyperparameters")
    click.echo(f"Would start the job {content.pop('name')}:")
    words = " ".join(f"{name}={value}" for name, value in settings.items())
    click.echo(facts({**content, "hyperparameters": words or "all defaults"}))
    click.echo("Nothing has been made.")


def _show_overview(overview: "Overview", jobs: "Jobs", root: str, as_json: bool) -> None:
    if as_json:
        echo_json(
            {
                "jobs": [job.describe() for job in overview.jobs],
                "endpoints": [endpoint.describe() for endpoint in overview.endpoints],
            }
        )
        return
    if overview.jobs:
        head = ("JOB", "STATUS", "CREATED", "TOOK", "ITERATION", "HEADLINE")
        click.echo(table(head, [_row(job, jobs) for job in overview.jobs]))
    else:
        click.echo(f"No jobs in {root}. Train one with `{next_command('train', root=root)}`.")
    if overview.endpoints:
        rows = [(end.name, end.status, end.url, end.source) for end in overview.endpoints]
        click.echo("\n" + table(("ENDPOINT", "STATUS", "URL", "MODEL"), rows))


def _row(job: "Job", jobs: "Jobs") -> tuple[str, ...]:
    metrics = _metrics(job, jobs)
    took = duration(job.seconds)
    headline = f"{metrics['headline']:.1f}" if "headline" in metrics else ""
    return (job.name, job.status, local_time(job.created), took, _progress(job, metrics), headline)


def _progress(job: "Job", metrics: dict[str, Any]) -> str:
    return f"{metrics['iteration']:.0f}/{job.iterations}" if "iteration" in metrics else ""


def _metrics(job: "Job", jobs: "Jobs") -> dict[str, float]:
    from launcher.following import last_metrics

    return last_metrics(jobs, job)


def _show_job(job: "Job", jobs: "Jobs", root: str, as_json: bool) -> None:
    from launcher.layout import read_hyperparameters

    metrics = _metrics(job, jobs)
    settings = read_hyperparameters(job.folder)
    if as_json:
        echo_json({**job.describe(), "hyperparameters": settings, "metrics": metrics})
        return
    click.echo(f"{job.name}: {job.status}")
    phase = job.secondary_status if job.is_running else None
    content = {
        "phase": phase,
        "instance": job.instance,
        "data": job.data,
        "hyperparameters": " ".join(f"{name}={value}" for name, value in settings.items()),
        "created": local_time(job.created),
        "took": duration(job.seconds),
        "attempts": job.attempts if job.attempts > 1 else None,
        "iteration": _progress(job, metrics),
        "metrics": " ".join(f"{key}={metrics[key]:g}" for key in metrics if key != "iteration"),
        **_places(job),
        "log": shown_path(job.log),
    }
    click.echo(facts(content))
    if job.failure_reason:
        click.echo(f"\n{_failure(job) if job.exit_code else job.failure_reason}\n")
    _say_how_to_go_on(job, root)


def _show_endpoint(endpoint: "Endpoint", as_json: bool) -> None:
    if as_json:
        echo_json(endpoint.describe())
        return
    click.echo(f"{endpoint.name}: {endpoint.status}")
    content = {
        "url": endpoint.url,
        "model": endpoint.source,
        "created": local_time(endpoint.created),
        "log": shown_path(endpoint.log),
        "reason": endpoint.failure_reason,
    }
    click.echo(facts(content))
