"""The account that is played answers as AWS does; the launcher's tests stand on that."""

import json
import subprocess
import sys

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from tests.aws.fixtures import BUCKET, REGION, ROLE, TRAINING
from tests.aws.lifecycles import step


def client(service="sagemaker"):
    retries = Config(retries={"mode": "standard", "max_attempts": 3})  # after the first one
    return boto3.Session(region_name=REGION).client(service, config=retries)


def training(name="mine", **other):
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": r"loss=(\S+);"}],
        },
        "HyperParameters": {"iterations": "4"},
        "Environment": {"COLOUR": "blue"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/runs/"},
        "ResourceConfig": {
            "InstanceType": "ml.c5.4xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **other,
    }


def serve(sagemaker, config="mine-1", **other):
    sagemaker.create_model(ModelName=config, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "AllTraffic", "ModelName": config, "InstanceType": "ml.m5.large"}
    variants = [{**variant, "InitialInstanceCount": 1}]
    sagemaker.create_endpoint_config(
        EndpointConfigName=config, ProductionVariants=variants, **other
    )


def describes(sagemaker, count, name="mine"):
    said = [sagemaker.describe_training_job(TrainingJobName=name) for _ in range(count)]
    return [f"{each['TrainingJobStatus']}/{each['SecondaryStatus']}" for each in said]


def test_a_job_walks_through_its_script_and_keeps_its_request(aws):
    failed = step("Failed", FailureReason="ClientError: no disk", BillableTimeInSeconds=7)
    aws.script_job(["InProgress/Starting", "InProgress/Interrupted", "Odd/Never Heard", failed])
    sagemaker = client()
    sagemaker.create_training_job(**training())
    assert sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
    assert describes(sagemaker, 5) == [
        "InProgress/Starting",
        "InProgress/Interrupted",
        "Odd/Never Heard",
        "Failed/Failed",
        "Failed/Failed",
    ]
    said = sagemaker.describe_training_job(TrainingJobName="mine")
    assert said["FailureReason"] == "ClientError: no disk"
    assert (said["TrainingTimeInSeconds"], said["BillableTimeInSeconds"]) == (1000, 7)
    assert "ModelArtifacts" not in said
    assert said["Environment"] == {"COLOUR": "blue"}
    assert said["AlgorithmSpecification"] == training()["AlgorithmSpecification"]
    assert [each["Status"] for each in said["SecondaryStatusTransitions"]] == [
        "Starting",
        "Interrupted",
        "Never Heard",
        "Failed",
    ]


def test_spot_is_billed_less_and_the_artifact_is_where_it_was_asked_for(aws):
    sagemaker = client()
    aws.script_job([step("Completed", files={"model.tar.gz": b"packed"})])
    sagemaker.create_training_job(**training(EnableManagedSpotTraining=True))
    said = sagemaker.describe_training_job(TrainingJobName="mine")
    assert (said["TrainingTimeInSeconds"], said["BillableTimeInSeconds"]) == (1000, 300)
    uri = f"s3://{BUCKET}/runs/mine/output/model.tar.gz"
    assert said["ModelArtifacts"] == {"S3ModelArtifacts": uri}
    assert aws.read(uri) == b"packed"


def test_stopping_takes_two_describes_and_only_what_runs_can_be_stopped(aws):
    sagemaker = client()
    sagemaker.create_training_job(**training())
    sagemaker.stop_training_job(TrainingJobName="mine")
    assert describes(sagemaker, 2) == ["Stopping/Stopping", "Stopped/Stopped"]
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="mine")
    with pytest.raises(ClientError, match="Requested resource not found"):
        sagemaker.stop_training_job(TrainingJobName="other")


def test_a_name_is_given_once(aws):
    sagemaker = client()
    sagemaker.create_training_job(**training())
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_training_job(**training())
    serve(sagemaker)
    sagemaker.create_endpoint(EndpointName="mine", EndpointConfigName="mine-1")
    with pytest.raises(ClientError, match="Cannot create already existing endpoint "):
        sagemaker.create_endpoint(EndpointName="mine", EndpointConfigName="mine-1")


def test_log_lines_come_with_the_steps(aws):
    aws.script_job(["InProgress/Starting", step("InProgress/Training", log=["one", "two"])])
    sagemaker, logs = client(), client("logs")
    sagemaker.create_training_job(**training())
    group = {"logGroupName": "/aws/sagemaker/TrainingJobs"}
    describes(sagemaker, 1)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.describe_log_streams(**group, logStreamNamePrefix="mine/")
    describes(sagemaker, 1)
    (stream,) = logs.describe_log_streams(**group, logStreamNamePrefix="mine/")["logStreams"]
    assert stream["logStreamName"].startswith("mine/algo-1-")
    events = logs.get_log_events(**group, logStreamName=stream["logStreamName"])["events"]
    assert [event["message"] for event in events] == ["one", "two"]


def test_an_endpoint_is_made_updated_rolled_back_and_deleted(aws):
    sagemaker = client()

    def status():
        said = sagemaker.describe_endpoint(EndpointName="mine")
        return said["EndpointStatus"], said["EndpointConfigName"]

    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.create_endpoint(EndpointName="mine", EndpointConfigName="mine-1")
    serve(sagemaker)
    serve(sagemaker, "mine-2")
    sagemaker.create_endpoint(EndpointName="mine", EndpointConfigName="mine-1")
    assert status() == ("Creating", "mine-1")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        sagemaker.delete_endpoint(EndpointName="mine")
    assert status() == ("InService", "mine-1")

    broken = step("InService", FailureReason="The container did not pass the ping health check.")
    aws.script_update(["Updating", "RollingBack", broken])
    sagemaker.update_endpoint(EndpointName="mine", EndpointConfigName="mine-2")
    assert [status() for _ in range(3)] == [
        ("Updating", "mine-2"),
        ("RollingBack", "mine-1"),
        ("InService", "mine-1"),
    ]
    aws.script_update(["Updating", "InService"])
    sagemaker.update_endpoint(EndpointName="mine", EndpointConfigName="mine-2")
    assert [status() for _ in range(2)] == [("Updating", "mine-2"), ("InService", "mine-2")]

    sagemaker.delete_endpoint(EndpointName="mine")
    assert status() == ("Deleting", "mine-2")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        status()


def test_what_is_asked_of_an_endpoint_reaches_its_container_as_it_is(aws):
    sagemaker, runtime = client(), client("sagemaker-runtime")
    with pytest.raises(ClientError, match="Endpoint mine of account 123456789012 not found"):
        runtime.invoke_endpoint(EndpointName="mine", Body=b"")
    serve(sagemaker)
    sagemaker.create_endpoint(EndpointName="mine", EndpointConfigName="mine-1")
    while sagemaker.describe_endpoint(EndpointName="mine")["EndpointStatus"] != "InService":
        pass
    binary = bytes(range(256))
    said = runtime.invoke_endpoint(EndpointName="mine", Body=binary, ContentType="audio/midi")
    assert (said["Body"].read(), said["ContentType"]) == (binary, "audio/midi")

    aws.runtime.container = lambda *_: (415, {}, b'{"error": "no MIDI"}')
    with pytest.raises(runtime.exceptions.ModelError) as refused:
        runtime.invoke_endpoint(EndpointName="mine", Body=binary)
    said = refused.value.response
    assert said["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert said["OriginalStatusCode"] == 415
    assert json.loads(said["OriginalMessage"]) == {"error": "no MIDI"}


def test_throttled_calls_are_tried_again_and_recorded_once(aws):
    aws.throttle("CreateTrainingJob", times=2)
    client().create_training_job(**training())
    assert aws.tried.count("sagemaker:CreateTrainingJob") == 3
    assert len(aws.pauses) == 2
    assert aws.actions() == ["sagemaker:CreateTrainingJob"]
    assert aws.launched == []  # it was this test that called
    assert aws.asked("CreateTrainingJob") == [training()]
    assert aws.request(TRAINING, "mine") == training()


def test_faults_come_in_the_words_of_their_service(aws):
    def code(call, **parameters):
        with pytest.raises(ClientError) as refused:
            call(**parameters)
        return refused.value.response["Error"]["Code"]

    aws.deny("sagemaker:ListEndpoints")
    with pytest.raises(ClientError, match=r"not authorized to perform: sagemaker:ListEndpoints on"):
        client().list_endpoints()
    aws.deny("s3:GetObject")
    assert code(client("s3").get_object, Bucket=BUCKET, Key="key") == "AccessDenied"
    aws.throttle("s3:*", times=4)
    assert code(client("s3").list_objects_v2, Bucket=BUCKET) == "SlowDown"
    aws.lose_connection("ListModels", times=4)
    with pytest.raises(EndpointConnectionError):
        client().list_models()
    assert client().list_models()["Models"] == []
    aws.expire_credentials()
    assert code(client().list_models) == "ExpiredTokenException"
    assert code(client("sts").get_caller_identity) == "ExpiredToken"


def test_credentials_can_be_forgotten(aws):
    aws.forget_credentials()
    with pytest.raises(NoCredentialsError):
        client().list_models()


def test_processes_meet_the_same_account_and_their_calls_are_recorded(aws, aws_environ):
    aws.throttle("s3:PutObject")
    # What comes by HTTP is taken for the launcher's, which may do no more than this.
    body = training(Tags=[{"Key": "accompanist", "Value": "1"}])
    program = f"""
import boto3
boto3.client("s3").put_object(Bucket={BUCKET!r}, Key="accompanist/key", Body=bytes(range(256)))
boto3.client("sagemaker").create_training_job(**{body!r})
print(boto3.client("sts").get_caller_identity()["Account"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=aws_environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "123456789012\n"
    assert aws.read(f"s3://{BUCKET}/accompanist/key") == bytes(range(256))
    assert describes(client(), 1) == ["InProgress/Starting"]
    assert aws.actions() == [
        "s3:PutObject",
        "s3:PutObject",  # by HTTP, what is tried twice is seen twice
        "sagemaker:CreateTrainingJob",
        "sts:GetCallerIdentity",
        "sagemaker:DescribeTrainingJob",
    ]
    assert aws.asked("CreateTrainingJob") == [body]


def test_the_sdk_trains_and_its_resources_read_what_is_described(aws, monkeypatch, tmp_path):
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.resources import Endpoint
    from sagemaker.core.training.configs import Compute, OutputDataConfig
    from sagemaker.train import ModelTrainer

    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "false")
    silent = "SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n"
    (tmp_path / "sdk.yaml").write_text(silent)
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(tmp_path / "sdk.yaml"))
    boto_session = boto3.Session(region_name=REGION)
    session = Session(boto_session=boto_session, default_bucket=BUCKET)
    trainer = ModelTrainer(
        training_image="image",
        role=ROLE,
        sagemaker_session=session,
        base_job_name="mine",
        compute=Compute(instance_type="ml.c5.4xlarge", instance_count=1),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{BUCKET}/runs/"),
    )
    trainer.train(wait=False, logs=False)
    job = trainer._latest_training_job
    job.refresh()
    assert (job.training_job_status, job.secondary_status) == ("InProgress", "Training")
    job.stop()
    job.refresh()
    assert job.training_job_status == "Stopping"

    serve(client())
    client().create_endpoint(EndpointName="mine", EndpointConfigName="mine-1")
    assert Endpoint.get("mine", session=boto_session, region=REGION).endpoint_status == "Creating"
