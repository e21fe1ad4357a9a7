"""What would be asked for and cost, without a word to AWS."""

from dataclasses import dataclass
from typing import Any

from launcher.aws.limits import training_warnings
from launcher.aws.options import AwsOptions
from launcher.aws.prices import training_costs
from launcher.aws.readiness import cure, missing, with_placeholders, words_of
from launcher.aws.request import max_runtime, training_job
from launcher.request import TrainingRequest
from launcher.settings import check_settings

PRICED_REGION = "us-east-1"  # for an estimate where no region is said; prices name theirs


@dataclass(frozen=True)
class Preview:
    """A training job, or a tuning, that has not been submitted.

    Attributes:
        body: the request that would make it; `<role>` and the like stand for what is missing.
        costs: what it may cost, in sentences.
        notes: what is missing, and what may go wrong, in sentences.
    """

    body: dict[str, Any]
    costs: list[str]
    notes: list[str]

    def describe(self) -> dict[str, Any]:
        """Returns it ready for JSON."""
        return {"request": self.body, "costs": self.costs, "notes": self.notes}


def preview(request: TrainingRequest, options: AwsOptions, data_uri: str) -> Preview:
    """Returns what would be asked for.

    Args:
        request: the job.
        options: what has been said of AWS; parts may be missing.
        data_uri: of the data set in S3.
    """
    shown = with_placeholders(options)
    return Preview(
        body=training_job(request, shown, data_uri),
        costs=training_costs(
            request.instance,
            options.region or PRICED_REGION,
            max_runtime=max_runtime(options),
            spot=bool(options.spot),
            hyperparameters=check_settings(request.hyperparameters),
        ),
        notes=[*missing_notes(options), *training_warnings(options, request.hyperparameters)],
    )


def missing_notes(options: AwsOptions) -> list[str]:
    """Says in a sentence what must be known before anything can be started."""
    names = missing(options)
    if not names:
        return []
    return [f"To start it, {words_of(names)} must be known: {cure(names)}"]
