"""What SageMaker writes down of a training job while it goes on, and at its end."""

from datetime import UTC, datetime

TRAINED_S, SPOT_SHARE = 1000, 0.3  # how long every job trains; the share of it that spot costs
ENDED = ("Completed", "Failed", "Stopped")


def note_training_step(record, taken):
    """Writes down what a training job has come to: transitions, times, bill and artifact."""
    now = datetime.now(UTC)
    secondary = taken.secondary or taken.status
    transitions = record.fields["SecondaryStatusTransitions"]
    if transitions:
        transitions[-1]["EndTime"] = now
    transitions.append(
        {"Status": secondary, "StartTime": now, "StatusMessage": taken.message or secondary}
    )
    if secondary == "Training":
        record.fields.setdefault("TrainingStartTime", now)
    if taken.status not in ENDED:
        return
    spot = record.request.get("EnableManagedSpotTraining", False)
    record.fields["TrainingEndTime"] = now
    record.fields.setdefault("TrainingTimeInSeconds", TRAINED_S)
    trained = record.fields["TrainingTimeInSeconds"]
    billed = round(trained * SPOT_SHARE) if spot else trained
    record.fields.setdefault("BillableTimeInSeconds", billed)
    if taken.status != "Failed":
        artifact = f"{output_folder(record)}/model.tar.gz"
        record.fields["ModelArtifacts"] = {"S3ModelArtifacts": artifact}


def output_folder(record):
    """Where a training job's artifacts go."""
    path = record.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{path}/{record.request['TrainingJobName']}/output"
