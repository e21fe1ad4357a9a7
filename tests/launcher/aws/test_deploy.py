"""Deploying to SageMaker: what is asked, what is said, and what is left when it fails."""

import signal
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ConnectionClosedError

from launcher.aws import waiting
from launcher.aws.hosting import (
    config_request,
    endpoint_request,
    model_request,
    plan_hosting,
    update_request,
)
from launcher.aws.options import AwsOptions
from launcher.errors import LauncherError
from launcher.records import Endpoint
from tests.aws.fixtures import BUCKET, CONFIG, ENDPOINT, MODEL, REGION, ROLE
from tests.aws.lifecycles import step
from tests.launcher.aws.models import completed_job, remote_of, write_archive
from tests.launcher.aws.serving import BASE, IMAGE, archive, deploy, endpoints, no_pauses, root

__all__ = ["archive", "no_pauses", "root"]


def planned(instance="ml.m5.large", **said):
    now = datetime(2026, 11, 21, 1, 36, 22, tzinfo=UTC)
    return plan_hosting("choir", instance, AwsOptions(**said).over(BASE), "mine", now)


def without_tags(request):
    return {key: value for key, value in request.items() if key != "Tags"}


# ---------------------------------------------------------------- the requests


def test_the_requests_of_a_real_time_endpoint():
    hosting = planned(environment={"OMP_NUM_THREADS": "2"})
    resource = hosting.resource
    assert resource.startswith("choir-20261121-013622-")
    assert without_tags(model_request(hosting, "s3://b/model.tar.gz")) == {
        "ModelName": resource,
        "PrimaryContainer": {
            "Image": IMAGE,
            "ModelDataUrl": "s3://b/model.tar.gz",
            "Environment": {"OMP_NUM_THREADS": "2"},
        },
        "ExecutionRoleArn": ROLE,
    }
    assert without_tags(config_request(hosting)) == {
        "EndpointConfigName": resource,
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": resource,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "ModelDataDownloadTimeoutInSeconds": 600,
                "ContainerStartupHealthCheckTimeoutInSeconds": 300,
            }
        ],
    }
    assert without_tags(endpoint_request(hosting)) == {
        "EndpointName": "choir",
        "EndpointConfigName": resource,
    }
    assert update_request(hosting) == {
        "EndpointName": "choir",
        "EndpointConfigName": resource,
        "DeploymentConfig": {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "ALL_AT_ONCE",
                    "WaitIntervalInSeconds": 0,
                },
                "TerminationWaitInSeconds": 0,
                "MaximumExecutionTimeoutInSeconds": 3600,
            }
        },
    }


def test_what_keeps_an_endpoint_to_itself_is_asked_for():
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    hosting = planned(
        kms_key=key,
        subnets=["subnet-1", "subnet-2"],
        security_groups=["sg-1"],
        network_isolation=True,
        volume_gb=40,
        resource_tags={"project": "choir"},
        ttl="2h",
        autoscale="2:4",
    )
    model, config = model_request(hosting, "s3://b/k"), config_request(hosting)
    assert model["VpcConfig"] == {
        "SecurityGroupIds": ["sg-1"],
        "Subnets": ["subnet-1", "subnet-2"],
    }
    assert model["EnableNetworkIsolation"] is True
    assert config["KmsKeyId"] == key
    assert config["ProductionVariants"][0]["VolumeSizeInGB"] == 40
    assert config["ProductionVariants"][0]["InitialInstanceCount"] == 2
    tags = {each["Key"]: each["Value"] for each in endpoint_request(hosting)["Tags"]}
    assert tags.pop("accompanist").count(".") == 2
    assert tags == {
        "project": "choir",
        "accompanist:endpoint": "choir",
        "accompanist:source": "mine",
        "accompanist:expires": "2026-11-21T03:36:22+00:00",
    }
    assert model["Tags"] == config["Tags"] == endpoint_request(hosting)["Tags"]


def test_the_requests_of_a_serverless_endpoint():
    hosting = planned("ml", serverless=True, memory_mb=3072)
    assert config_request(hosting)["ProductionVariants"] == [
        {
            "VariantName": "AllTraffic",
            "ModelName": hosting.resource,
            "ServerlessConfig": {"MemorySizeInMB": 3072, "MaxConcurrency": 5},
        }
    ]
    assert "DeploymentConfig" not in update_request(hosting)  # has no instances to exchange


def test_the_requests_of_an_asynchronous_endpoint():
    hosting = planned(asynchronous=True, prefix="team/music", kms_key="a-key")
    assert config_request(hosting)["AsyncInferenceConfig"] == {
        "OutputConfig": {
            "S3OutputPath": f"s3://{BUCKET}/team/music/async/choir/output",
            "S3FailurePath": f"s3://{BUCKET}/team/music/async/choir/failures",
            "KmsKeyId": "a-key",
        }
    }
    container = model_request(hosting, "s3://b/k")["PrimaryContainer"]
    assert container["Environment"] == {"SAGEMAKER_MODEL_SERVER_TIMEOUT": "890"}


# ---------------------------------------------------------------- what is refused at once


def test_all_that_excludes_another_thing_is_told_at_once(root):
    with pytest.raises(LauncherError) as caught:
        endpoints(
            root,
            serverless=True,
            asynchronous=True,
            autoscale="1:4",
            subnets=["subnet-1"],
            security_groups=["sg-1"],
            memory_mb=2000,
            max_concurrency=201,
            ttl=5,
        ).check()
    assert caught.value.code == "beyond_limits"
    for word in (
        "`serverless` excludes `instance` ml.m5.large",
        "`serverless` excludes `asynchronous`",
        "`serverless` excludes `autoscale`",
        "`serverless` excludes `subnets`",
        "`memory_mb` must be one of 1024, 2048, 3072, 4096, 5120, 6144, not 2000",
        "`max_concurrency` must be 1 to 200, not 201",
        "`ttl` must be 60 seconds at least, not 5",
    ):
        assert word in caught.value.message


@pytest.mark.parametrize(
    ("instance", "said", "words"),
    [
        ("ml.m5.large", {"memory_mb": 2048}, "`memory_mb` is for `serverless` only"),
        ("ml.m5.large", {"autoscale": "4:1"}, "`autoscale` must be the least and the most"),
        ("ml.m5.large", {"autoscale": "0:1"}, "such as 1:4; '0:1' is not"),
        ("ml.m5.large", {"volume_gb": 513}, "`volume_gb` must be 1 to 512, not 513"),
        ("ml.m5.large", {"role": "mine"}, "`role` must be the ARN of an IAM role"),
        ("ml.m5.large", {"environment": {"A": "x" * 1025}}, "1025 characters, more than 1024"),
        ("ml.m5.large", {"environment": {f"A{i}": "x" * 999 for i in range(34)}}, "than 32768"),
        ("ml.m5.large", {"subnets": ["subnet-1"]}, "`security_groups` must be 1 to 5, not 0"),
        ("ml", {}, "`instance` must be a type such as ml.m5.large; 'ml' is not"),
    ],
)
def test_what_sagemaker_would_refuse_is_named(root, instance, said, words):
    with pytest.raises(LauncherError, match="SageMaker would refuse this") as caught:
        endpoints(root, instance, **said).check()
    assert words in caught.value.message


def test_a_broken_model_goes_nowhere(aws, root, tmp_path):
    broken = write_archive(tmp_path / "model.tar.gz", generator=b"no model")
    with pytest.raises(LauncherError) as caught:
        deploy(root, broken)
    assert caught.value.code == "broken_model"
    assert caught.value.message.startswith("mine is broken. ")
    assert "launcher.check mine" in caught.value.hint
    assert aws.calls == []
    assert not (root / "endpoints" / "choir").exists()


# ---------------------------------------------------------------- a new endpoint


def test_a_new_endpoint_is_made_and_remembered(aws, root, archive):
    phases = []
    found = deploy(root, archive, phases=phases)
    assert (found.name, found.status, found.instance) == ("choir", "InService", "ml.m5.large")
    assert (found.source, found.url, found.port) == ("mine", "", 0)
    [resource] = aws.sagemaker.names(MODEL)
    assert aws.sagemaker.names(CONFIG) == [resource]
    data = aws.request(MODEL, resource)["PrimaryContainer"]["ModelDataUrl"]
    assert data.startswith(f"s3://{BUCKET}/accompanist/models/")
    assert aws.read(data) == archive.read_bytes()
    assert aws.tags(ENDPOINT, "choir") == aws.tags(MODEL, resource) == aws.tags(CONFIG, resource)
    record = Endpoint.read(root / "endpoints" / "choir")
    assert (record.source, record.status) == ("mine", "InService")
    assert (record.remote.arn, record.remote.config) == (found.remote.arn, resource)
    assert (found.remote.region, found.remote.kind) == (REGION, "real-time")
    assert found.remote.config == resource
    assert phases[:2] == ["Checking the model", "Uploading the model"]
    assert "an hour" in phases[2]
    assert "until it is deleted" in phases[2]
    assert phases[3].startswith("Creating: ")
    assert len(phases) == 4


def test_the_model_of_a_job_in_aws_stays_where_it_is(aws, root):
    job = completed_job(root, remote=remote_of(aws))
    uri = f"s3://{BUCKET}/accompanist/runs/mine/output/model.tar.gz"
    aws.write(uri, job.artifact.read_bytes())
    before = aws.objects()
    deploy(root, job.artifact)
    [resource] = aws.sagemaker.names(MODEL)
    assert aws.request(MODEL, resource)["PrimaryContainer"]["ModelDataUrl"] == uri
    assert aws.objects() == before


@pytest.mark.parametrize("region", ["eu-west-1", REGION])
def test_a_model_that_is_not_in_this_region_any_more_is_sent(aws, root, region):
    job = completed_job(root, remote=remote_of(aws, region=region))
    deploy(root, job.artifact)
    [resource] = aws.sagemaker.names(MODEL)
    data = aws.request(MODEL, resource)["PrimaryContainer"]["ModelDataUrl"]
    assert data.startswith(f"s3://{BUCKET}/accompanist/models/")
    assert aws.read(data) == job.artifact.read_bytes()


def test_an_endpoint_that_fails_tells_why_and_what_its_container_said(aws, root, archive):
    reason = "The primary container for production variant AllTraffic did not pass the ping."
    log = ["Loading the model.", "The model is damaged: generator.tflite."]
    aws.script_endpoint(["Creating", step("Failed", FailureReason=reason, log=log)])
    with pytest.raises(LauncherError) as caught:
        deploy(root, archive)
    assert caught.value.code == "endpoint_failed"
    assert caught.value.message == f"The endpoint choir is Failed: {reason}"
    assert caught.value.hint == "Its log ends with:\n" + "\n".join(log)
    record = Endpoint.read(root / "endpoints" / "choir")
    assert (record.status, record.failure_reason) == ("Failed", caught.value.message)


def test_what_has_failed_is_replaced(aws, root, archive):
    aws.script_endpoint(["Creating", step("Failed", FailureReason="No.")])
    with pytest.raises(LauncherError, match="Failed: No"):
        deploy(root, archive)
    aws.script_endpoint(["Creating", "InService"])
    phases = []
    assert deploy(root, archive, phases=phases).status == "InService"
    assert aws.actions().count("sagemaker:UpdateEndpoint") == 0  # which SageMaker would refuse
    assert "Deleting what was there before" in phases
    assert len(aws.sagemaker.names(MODEL)) == len(aws.sagemaker.names(CONFIG)) == 1


@pytest.mark.parametrize(
    ("action", "made"),
    [("CreateModel", 0), ("CreateEndpointConfig", 1), ("CreateEndpoint", 2)],
)
def test_a_refused_request_leaves_nothing_behind(aws, root, archive, action, made):
    aws.deny(action)
    with pytest.raises(LauncherError) as caught:
        deploy(root, archive)
    assert caught.value.code == "forbidden"
    assert f"sagemaker:{action}" in caught.value.message
    assert [a for a in aws.actions() if "Create" in a and a[10:] != action].__len__() == made
    for kind in (MODEL, CONFIG, ENDPOINT):
        assert aws.sagemaker.names(kind) == []
    assert not (root / "endpoints" / "choir").exists()


def test_a_lost_connection_while_waiting_is_told_once(aws, root, archive):
    phases = []

    def lose(kind, _record):
        if kind is ENDPOINT:  # six tries are botocore's own
            aws.lose_connection("DescribeEndpoint", times=2 * 6)
            aws.throttle("DescribeEndpoint", times=6)

    aws.sagemaker.created = lose
    assert deploy(root, archive, phases=phases).status == "InService"
    [lost] = [phase for phase in phases if "Trying again" in phase]
    assert "AWS cannot be reached" in lost


def test_ctrl_c_says_what_goes_on(aws, root, archive, monkeypatch):
    def interrupt(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting.time, "sleep", interrupt)
    aws.script_endpoint(["Creating", "Creating", "InService"])
    phases = []
    with pytest.raises(KeyboardInterrupt):
        deploy(root, archive, phases=phases)
    assert phases[-1].startswith("What SageMaker was asked for goes on, and costs: choir.")
    assert Endpoint.read(root / "endpoints" / "choir").status == "Creating"


def test_credentials_that_expire_while_waiting_end_only_the_waiting(aws, root, archive):
    def expire(kind, _record):
        if kind is ENDPOINT:
            aws.expire_credentials("DescribeEndpoint")

    aws.sagemaker.created = expire
    phases = []
    with pytest.raises(LauncherError) as caught:
        deploy(root, archive, phases=phases)
    assert caught.value.code == "expired_credentials"
    assert phases[-1].startswith("What SageMaker was asked for goes on, and costs: choir.")
    assert Endpoint.read(root / "endpoints" / "choir").status == "Creating"


def test_ctrl_c_while_it_is_asked_for_waits_for_the_record(aws, root, archive):
    def interrupt(kind, _record):
        if kind is ENDPOINT:
            signal.raise_signal(signal.SIGINT)

    aws.sagemaker.created = interrupt
    with pytest.raises(KeyboardInterrupt):
        deploy(root, archive)
    assert Endpoint.read(root / "endpoints" / "choir").status == "Creating"
    assert len(aws.sagemaker.names(CONFIG)) == 1


def test_what_cannot_be_tidied_does_not_fail_an_endpoint_in_service(aws, root, archive):
    deploy(root, archive)
    aws.deny("ListModels")
    with pytest.raises(LauncherError) as caught:
        deploy(root, archive)
    assert caught.value.code == "forbidden"
    record = Endpoint.read(root / "endpoints" / "choir")
    assert (record.status, record.failure_reason) == ("InService", None)


@pytest.mark.parametrize("lost", ["Model", "EndpointConfig", "Endpoint", "update"])
def test_a_lost_answer_does_no_harm(aws, root, archive, lost):
    if lost == "update":
        deploy(root, archive)
    faults = [ConnectionClosedError(endpoint_url="https://api.sagemaker")]

    def lose(kind, _record):
        if faults and kind.word in (lost, "Endpoint" if lost == "update" else lost):
            raise faults.pop()

    aws.sagemaker.created = lose
    found = deploy(root, archive)
    assert not faults
    assert found.status == "InService"
    assert aws.sagemaker.names(MODEL) == aws.sagemaker.names(CONFIG) == [found.remote.config]


# ---------------------------------------------------------------- an update


def test_an_update_replaces_model_and_configuration(aws, root, archive, tmp_path):
    first = deploy(root, archive)
    other = write_archive(tmp_path / "other.tar.gz", generator=b"\0\0\0\0TFL3 another")
    phases = []
    second = deploy(root, other, phases=phases)
    assert second.status == "InService"
    assert first.remote.config != second.remote.config
    assert aws.sagemaker.names(CONFIG) == [second.remote.config]
    assert aws.sagemaker.names(MODEL) == [second.remote.config]
    data = aws.request(MODEL, second.remote.config)["PrimaryContainer"]["ModelDataUrl"]
    assert aws.read(data) == other.read_bytes()
    assert any(phase.startswith("Updating: ") for phase in phases)
    [update] = aws.asked("UpdateEndpoint")
    assert update["DeploymentConfig"]["BlueGreenUpdatePolicy"]


def test_a_failed_update_leaves_what_was_served(aws, root, archive):
    first = deploy(root, archive)
    fault = step("InService", FailureReason="It did not pass the ping.", log=["No memory."])
    aws.script_update(["Updating", "RollingBack", fault])
    with pytest.raises(LauncherError) as caught:
        deploy(root, archive)
    assert caught.value.code == "update_failed"
    assert "serves what it served before: It did not pass the ping." in caught.value.message
    assert caught.value.hint.endswith("No memory.")
    assert aws.sagemaker.names(CONFIG) == aws.sagemaker.names(MODEL) == [first.remote.config]
    assert endpoints(root).find("choir").status == "InService"


@pytest.mark.parametrize("status", ["Creating", "Updating", "RollingBack"])
def test_nothing_is_asked_of_an_endpoint_at_work(aws, root, archive, status):
    deploy(root, archive)
    aws.sagemaker.get(ENDPOINT, "choir").step = step(status)
    aws.sagemaker.get(ENDPOINT, "choir").ahead.clear()
    before = len(aws.sagemaker.names(MODEL))
    with pytest.raises(LauncherError, match=f"choir is {status}") as caught:
        deploy(root, archive)
    assert caught.value.code == "endpoint_busy"
    assert len(aws.sagemaker.names(MODEL)) == before


def test_what_others_have_made_is_left_alone(aws, root, archive):
    deploy(root, archive)
    aws.sagemaker.tags[aws.sagemaker.get(ENDPOINT, "choir").arn] = {"team": "strings"}
    for act in (lambda: deploy(root, archive), lambda: endpoints(root).delete("choir")):
        with pytest.raises(LauncherError) as caught:
            act()
        assert caught.value.code == "not_ours"
    assert aws.sagemaker.get(ENDPOINT, "choir").status == "InService"


def test_no_update_makes_one_kind_of_endpoint_another(aws, root, archive):
    deploy(root, archive)
    with pytest.raises(LauncherError) as caught:
        deploy(root, archive, instance="ml", serverless=True)
    assert caught.value.code == "other_kind"
    assert "answers at once, without instances" in caught.value.message


def test_an_endpoint_in_another_region_is_not_forgotten(aws, root, archive):
    deploy(root, archive)
    with pytest.raises(LauncherError, match="an endpoint choir in us-east-1 already") as caught:
        deploy(root, archive, region="eu-west-1")
    assert caught.value.code == "name_taken"


# ---------------------------------------------------------------- looking and deleting


def test_an_endpoint_is_found_without_a_record(aws, root, tmp_path, archive):
    made = deploy(root, archive)
    found = endpoints(tmp_path / "another machine").find("choir")
    assert (found.status, found.source, found.remote) == ("InService", "mine", made.remote)
    assert found.instance == "ml.m5.large"
    assert not found.folder.exists()
    with pytest.raises(LauncherError) as caught:
        endpoints(tmp_path / "another machine").find("chorus")
    assert caught.value.code == "no_such_endpoint"


def test_an_endpoint_that_was_deleted_elsewhere_is_told_of(aws, root, tmp_path, archive):
    deploy(root, archive)
    endpoints(tmp_path / "another machine").delete("choir")
    endpoints(root).find("choir")  # sees the end of it
    found = endpoints(root).find("choir")
    assert (found.status, found.failure_reason) == ("Deleted", "It is no longer in AWS.")


def test_deleting_takes_everything_and_can_be_repeated(aws, root, archive):
    deploy(root, archive)
    deploy(root, archive, name="choir-2")
    assert endpoints(root).delete("choir") is True
    assert not (root / "endpoints" / "choir").exists()
    assert endpoints(root).find("choir-2").status == "InService"
    for kind in (MODEL, CONFIG):
        assert [name[:8] for name in aws.sagemaker.names(kind)] == ["choir-2-"]
    endpoints(root).delete("choir")
    assert endpoints(root).delete("choir") is False


def test_deleting_takes_what_is_left_of_a_half_deleted_endpoint(aws, root, tmp_path, archive):
    deploy(root, archive)
    del aws.sagemaker.records[REGION, "Endpoint", "choir"]
    [config] = aws.sagemaker.names(CONFIG)
    del aws.sagemaker.records[REGION, "EndpointConfig", config]
    assert endpoints(tmp_path / "another machine").delete("choir") is True
    assert aws.sagemaker.names(MODEL) == []
    assert endpoints(tmp_path / "another machine").delete("choir") is False


def test_a_model_of_the_same_name_but_without_our_tag_stays(aws, root, archive):
    deploy(root, archive)
    [name] = aws.sagemaker.names(MODEL)
    aws.sagemaker.tags[aws.sagemaker.get(MODEL, name).arn] = {"accompanist:endpoint": "another"}
    endpoints(root).delete("choir")
    assert aws.sagemaker.names(MODEL) == [name]
    assert aws.sagemaker.names(CONFIG) == []


def test_an_endpoint_at_work_cannot_be_deleted_yet(aws, root, archive):
    deploy(root, archive)
    aws.sagemaker.get(ENDPOINT, "choir").step = step("Updating")
    with pytest.raises(LauncherError, match="choir is Updating") as caught:
        endpoints(root).delete("choir")
    assert caught.value.code == "endpoint_busy"
    assert (root / "endpoints" / "choir").exists()
