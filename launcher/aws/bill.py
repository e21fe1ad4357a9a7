"""What a training job has cost, as far as SageMaker and the price list tell."""

from launcher.aws.prices import estimate
from launcher.aws.training_states import spot_savings
from launcher.console import duration
from launcher.records import Job


def bill(job: Job) -> dict[str, object]:
    """Returns names and values of a bill; empty while SageMaker has not counted the seconds."""
    remote = job.remote
    if remote is None or remote.billable_seconds is None:
        return {}
    savings = spot_savings(remote)
    cost = estimate("training", job.instance, remote.region, remote.billable_seconds)
    return {
        "billed": f"{remote.billable_seconds} s ({duration(remote.billable_seconds)})",
        "spot saved": None if savings is None else f"{savings:.0f} %",
        "cost": f"about {cost.words}" if cost.dollars is not None else cost.words,
    }
