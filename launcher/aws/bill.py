"""What a training job has cost, as far as SageMaker and the price list tell."""

from launcher.aws.prices import estimate
from launcher.aws.training_states import spot_savings
from launcher.console import duration
from launcher.errors import LauncherError
from launcher.records import Job


def bill(job: Job) -> dict[str, object]:
    """Returns names and values of a bill; empty while SageMaker has not counted the seconds."""
    remote = job.remote
    if remote is None or remote.billable_seconds is None:
        return {}
    savings = spot_savings(remote)
    return {
        "billed": f"{remote.billable_seconds} s ({duration(remote.billable_seconds)})",
        "spot saved": None if savings is None else f"{savings:.0f} %",
        "cost": _cost(job, remote.region, remote.billable_seconds),
    }


def _cost(job: Job, region: str, seconds: int) -> str:
    try:
        cost = estimate("training", job.instance, region, seconds)
    except LauncherError as error:  # a broken list of prices must not hide how the job ended
        return error.message
    return cost.words if cost.dollars is None else f"about {cost.words}"
