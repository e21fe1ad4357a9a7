"""What the commands for jobs print."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from launcher.commands import echo_json
from launcher.console import duration, facts, local_time, next_command, shown_path, table

if TYPE_CHECKING:
    from launcher.aws.preview import Preview
    from launcher.jobs import Overview
    from launcher.records import Endpoint, Job
    from launcher.request import TrainingRequest

_LAST_LINES = 20
_GOOD = ("Completed", "Stopped")


def show_end(job: "Job", root: str) -> None:
    """Says how a job has ended, where its results are, and what to type next."""
    after = f" after {duration(job.seconds)}" if job.seconds is not None else ""
    click.echo(f"{job.status}{after}.")
    if costs := _bill(job):
        click.echo(facts(costs))
    if job.status == "Stopped" and job.failure_reason:
        click.echo(job.failure_reason)
    if job.status == "Failed":
        from launcher.following import last_lines

        click.echo(
            f"\n{_failure(job)}\n{_hint(job)}\nThe log, {shown_path(job.log)}, ends with:", err=True
        )
        click.echo("\n".join(last_lines(job, _LAST_LINES)) + "\n", err=True)
    elif places := _places(job):
        click.echo(facts(places))
    say_how_to_go_on(job, root)


def _hint(job: "Job") -> str:
    """What may help against the failure, as a line; empty where only the log can tell."""
    if job.remote is None:
        return ""
    from launcher.aws.reasons import hint_for

    hint = hint_for(job.failure_reason or "")
    return f"{hint}\n" if hint else ""


def _failure(job: "Job") -> str:
    """The whole failure file, of which the record has the beginning."""
    path = job.folder / "output" / "failure"
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return text.strip() or job.failure_reason or "It gave no reason."


def _places(job: "Job") -> dict[str, object]:
    places = {
        "model": job.model if job.artifact.exists() else None,
        "song": job.song,
        "samples": job.samples,
        "report": job.report,
    }
    return {name: shown_path(path) for name, path in places.items() if path and path.exists()}


def say_how_to_go_on(job: "Job", root: str) -> None:
    """Says what can be typed next."""
    goes_on = job.has_checkpoint or job.remote is not None
    if job.status in ("Failed", "Stopped") and goes_on and not job.has_orphan:
        click.echo(f"Go on with:     {next_command('train', '--resume', job.name, root=root)}")
    if job.status in _GOOD and job.remote and not job.artifact.exists():
        click.echo(f"Bring it here:  {next_command('fetch', job.name, root=root)}")
    if job.status in _GOOD and (job.remote or job.artifact.exists()):
        click.echo(f"Next, serve it: {next_command('deploy', job.name, root=root)}")


def show_request(request: "TrainingRequest", root: str, as_json: bool) -> None:
    """Shows what would be asked for."""
    content = request.describe(str(Path(root) / request.name))
    if as_json:
        echo_json(content)
        return
    settings = content.pop("hyperparameters")
    click.echo(f"Would start the job {content.pop('name')}:")
    words = " ".join(f"{name}={value}" for name, value in settings.items())
    click.echo(facts({**content, "hyperparameters": words or "all defaults"}))
    click.echo("Nothing has been made.")


def show_preview(preview: "Preview", what: str, action: str, as_json: bool) -> None:
    """Shows what AWS would be asked for, and what it would cost.

    Args:
        preview: of the request.
        what: would be done, as in `start the tuning`.
        action: of SageMaker, as in `CreateTrainingJob`.
        as_json: print JSON, for scripts.
    """
    if as_json:
        echo_json(preview.describe())
        return
    name = preview.body[f"{action.removeprefix('Create')}Name"]
    click.echo(f"Would {what} {name} with {action}:")
    echo_json(preview.body)
    for sentence in (*preview.costs, *preview.notes, "Nothing has been made."):
        click.echo(sentence)


def show_fetched(job: "Job", output: str | None, root: str, as_json: bool) -> None:
    """Says where the results of a job are."""
    if as_json:
        echo_json(job.describe())
        return
    if output is None:
        click.echo(f"The results of {job.name}:\n{facts(_places(job))}")
        say_how_to_go_on(job, root)
    else:
        click.echo(f"The results of {job.name} are in {output}.")


def show_overview(overview: "Overview", root: str, as_json: bool) -> None:
    """Shows all jobs and endpoints as tables."""
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
        click.echo(table(head, [_row(job) for job in overview.jobs]))
    else:
        click.echo(f"No jobs in {root}. Train one with `{next_command('train', root=root)}`.")
    if overview.endpoints:
        rows = [(end.name, end.status, end.url, end.source) for end in overview.endpoints]
        click.echo("\n" + table(("ENDPOINT", "STATUS", "URL", "MODEL"), rows))


def _row(job: "Job") -> tuple[str, ...]:
    metrics = _metrics(job)
    took = duration(job.seconds)
    headline = f"{metrics['headline']:.1f}" if "headline" in metrics else ""
    return (job.name, job.status, local_time(job.created), took, _progress(job, metrics), headline)


def _progress(job: "Job", metrics: dict[str, Any]) -> str:
    return f"{metrics['iteration']:.0f}/{job.iterations}" if "iteration" in metrics else ""


def _metrics(job: "Job") -> dict[str, float]:
    from launcher.following import last_metrics

    return last_metrics(job)


def show_job(job: "Job", root: str, as_json: bool) -> None:
    """Shows all there is to know of one job."""
    from launcher.layout import read_hyperparameters

    metrics = _metrics(job)
    settings = read_hyperparameters(job.folder)
    if as_json:
        echo_json({**job.describe(), "hyperparameters": settings, "metrics": metrics})
        return
    click.echo(f"{job.name}: {job.status}")
    phase = job.secondary_status if job.is_running else None
    content = {
        "phase": phase,
        "instance": job.instance,
        "image": job.image,
        "data": job.data,
        "hyperparameters": " ".join(f"{name}={value}" for name, value in settings.items()),
        "created": local_time(job.created),
        "took": duration(job.seconds),
        "attempts": job.attempts if job.attempts > 1 else None,
        "iteration": _progress(job, metrics),
        "metrics": " ".join(f"{key}={metrics[key]:g}" for key in metrics if key != "iteration"),
        **_bill(job),
        **_places(job),
        "log": shown_path(job.log),
    }
    click.echo(facts(content))
    if job.failure_reason:
        click.echo(f"\n{_failure(job) if job.exit_code else job.failure_reason}\n{_hint(job)}")
    say_how_to_go_on(job, root)


def _bill(job: "Job") -> dict[str, object]:
    if job.remote is None:
        return {}
    from launcher.aws.bill import bill

    return bill(job)


def show_endpoint(endpoint: "Endpoint", as_json: bool) -> None:
    """Shows all there is to know of one endpoint."""
    if as_json:
        echo_json(endpoint.describe())
        return
    click.echo(f"{endpoint.name}: {endpoint.status}")
    from launcher.aws.log_tail import ENDPOINTS

    remote = endpoint.remote
    content = {
        "url": endpoint.url,
        "region": remote and remote.region,
        "instance": remote and endpoint.instance,
        "kind": remote and remote.kind,
        "image": endpoint.image,
        "model": endpoint.source,
        "created": local_time(endpoint.created),
        "log": f"{ENDPOINTS}/{endpoint.name} in CloudWatch" if remote else shown_path(endpoint.log),
        "reason": endpoint.failure_reason,
    }
    click.echo(facts(content))
