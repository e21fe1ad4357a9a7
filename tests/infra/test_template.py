import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from launcher.aws.options import AwsOptions
from launcher.aws.setup import TEMPLATE
from tests.infra.account import empty_account
from tests.infra.templates import launcher_statements, listed, read_template, statements

LINT = Path(sys.executable).with_name("cfn-lint")

# What knows no resources: IAM takes nothing but `*` for them (Service Authorization Reference).
WITHOUT_RESOURCES = {
    "application-autoscaling:DescribeScalableTargets",
    "cloudwatch:PutMetricData",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "pricing:GetProducts",
    "sagemaker:ListEndpointConfigs",
    "sagemaker:ListEndpoints",
    "sagemaker:ListModels",
}
HARMLESS = ("Describe", "List")
TAGGED = {"Null": {"aws:ResourceTag/accompanist": "false"}}
TAGGING = {"Null": {"aws:RequestTag/accompanist": "false"}}


@pytest.fixture(scope="module")
def resources():
    return read_template()["Resources"]


def test_the_linter_finds_nothing_not_even_a_hint():
    done = subprocess.run(
        [LINT, "--include-checks", "I", "--", TEMPLATE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_is_small_enough_to_be_sent():
    assert len(TEMPLATE.read_bytes()) <= 51_200  # CreateStack, TemplateBody


def test_all_but_what_knows_no_resources_is_allowed_for_named_ones(resources):
    allowed = 0
    for name, resource in resources.items():
        for statement in statements(resource):
            if statement["Effect"] != "Allow":
                continue
            actions = listed(statement["Action"])
            allowed += len(actions)
            assert not [action for action in actions if "*" in action], name
            if "*" in listed(statement["Resource"]):
                assert set(actions) <= WITHOUT_RESOURCES, f"{name}: {statement['Sid']}"
    assert allowed > 60


def test_the_launcher_changes_nothing_that_lacks_its_tag(resources):
    for statement in launcher_statements(resources):
        for action in listed(statement["Action"]):
            service, _, verb = action.partition(":")
            if service != "sagemaker" or verb.startswith(HARMLESS):
                continue
            if statement["Sid"] == "ImpliedTags":  # see below
                continue
            wanted = TAGGING if verb.startswith("Create") else TAGGED
            assert statement["Condition"] == wanted, action


def test_the_launcher_cannot_tag_what_is_there_to_make_it_its_own(resources):
    allowed = [s for s in launcher_statements(resources) if s["Sid"] == "ImpliedTags"]
    assert len(allowed) == 2
    for tagging in allowed:
        assert tagging["Action"] == "sagemaker:AddTags"
        created = tagging["Condition"]["StringEquals"]["sagemaker:TaggingAction"]
        assert all(action.startswith("Create") for action in created)


def test_the_one_role_is_passed_to_sagemaker_only(resources):
    sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    passing = [
        statement
        for statement in launcher_statements(resources)
        if "iam:PassRole" in listed(statement["Action"])
    ]
    assert len(passing) == 2
    for statement in passing:
        assert statement["Resource"] == {"Fn::GetAtt": ["ExecutionRole", "Arn"]}
        assert statement["Condition"] == sagemaker


def test_jobs_delete_checkpoints_and_nothing_else(resources):
    deleting = [
        (action, statement["Resource"])
        for statement in statements(resources["ExecutionRole"])
        for action in listed(statement["Action"])
        if "Delete" in action
    ]
    kept = {"Fn::Sub": "${Bucket.Arn}/${Prefix}/runs/*/checkpoints/*"}
    assert deleting == [("s3:DeleteObject", kept)]


@pytest.mark.parametrize(
    ("name", "service"), [("ExecutionRole", "sagemaker"), ("BuildRole", "codebuild")]
)
def test_a_role_is_for_one_service_and_this_account(resources, name, service):
    (trust,) = resources[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
    account = {"Ref": "AWS::AccountId"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": account}}


def test_the_bucket_is_private_encrypted_and_outlives_the_stack(resources):
    bucket = resources["Bucket"]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert "BucketEncryption" in properties
    (denied,) = statements(resources["BucketPolicy"])
    assert (denied["Effect"], denied["Principal"]) == ("Deny", "*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_documentation_lists_what_the_launcher_may_do(resources):
    page = (TEMPLATE.parents[1] / "docs" / "aws.md").read_text(encoding="utf-8")
    listed_there = set(re.findall(r"`([a-z0-9-]+:[A-Z]\w+)`", page))
    policy = launcher_statements(resources)
    assert listed_there == {action for each in policy for action in listed(each["Action"])}


def test_each_option_that_the_file_takes_is_an_output():
    outputs = read_template()["Outputs"]
    taken = {"region", "bucket", "role", "image", "serve_image"}
    assert taken <= set(AwsOptions.model_fields)
    assert {name.title().replace("_", "") for name in taken} <= set(outputs)


def test_the_policies_fit_where_names_are_longest():
    """An account that moto plays makes the text that IAM would count."""
    with empty_account():
        region = "ap-southeast-2"
        client = boto3.client("cloudformation", region_name=region)
        client.create_stack(
            StackName="a" * 30, TemplateBody=TEMPLATE.read_text(), Capabilities=["CAPABILITY_IAM"]
        )
        (stack,) = client.describe_stacks()["Stacks"]
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
        for name in ("TrainingPolicy", "EndpointPolicy"):
            found = boto3.client("iam").get_policy_version(PolicyArn=outputs[name], VersionId="v1")
            text = "".join(str(found["PolicyVersion"]["Document"]).split())
            assert len(text) <= 6144  # characters of a managed policy, without blanks
