import pytest
from botocore.exceptions import ClientError

from launcher.aws.stack import StackDeployment
from launcher.errors import LauncherError

NAME = "accompanist"
ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/accompanist/5f3c"


def event(part, status, reason=None):
    found = {"LogicalResourceId": part, "ResourceStatus": status}
    return found | ({"ResourceStatusReason": reason} if reason else {})


class Stacks:
    """CloudFormation with one stack, whose statuses come as they were written down.

    Args:
        steps: what happens while it is waited for: a status, and the events up to it.
        status: of the stack that is there already; None for none.
    """

    def __init__(self, steps=(), status=None, outputs=(), parameters=("Prefix", "RunDays")):
        self.steps = list(steps)
        self.status = status
        self.parameters = parameters
        self.outputs = dict(outputs)
        self.requests = []
        self.events = [event(NAME, "CREATE_COMPLETE") | {"EventId": "old"}] if status else []
        self.unchanged = False

    def describe_stacks(self, StackName):  # noqa: N803
        if self.requests and self.steps:
            self.status, *events = self.steps.pop(0)
            for found in events:
                self.events.insert(0, found | {"EventId": f"event {len(self.events)}"})
        if self.status is None:
            raise refusal("ValidationError", f"Stack with id {StackName} does not exist")
        keys = [{"ParameterKey": name, "ParameterValue": "?"} for name in self.parameters]
        outputs = [{"OutputKey": key, "OutputValue": self.outputs[key]} for key in self.outputs]
        stack = {"StackId": ID, "StackStatus": self.status, "Parameters": keys}
        return {"Stacks": [stack | ({"Outputs": outputs} if outputs else {})]}

    def create_stack(self, **request):
        self.requests.append(request)
        self.status = "CREATE_IN_PROGRESS"
        return {"StackId": ID}

    def update_stack(self, **request):
        if self.unchanged:
            raise refusal("ValidationError", "No updates are to be performed.")
        self.requests.append(request)
        return {"StackId": ID}

    def describe_stack_events(self, StackName):  # noqa: N803
        assert StackName == ID
        return {"StackEvents": self.events}

    def get_paginator(self, operation):
        assert operation == "describe_stack_events"
        return self

    def paginate(self, StackName):  # noqa: N803
        """Two events on a page."""
        assert StackName == ID
        return [{"StackEvents": self.events[at : at + 2]} for at in range(0, len(self.events), 2)]


def refusal(code, message):
    return ClientError({"Error": {"Code": code, "Message": message}}, "UpdateStack")


def deploy(stacks, parameters=None):
    """Returns the outputs, what was told, and how often it was waited."""
    told, pauses = [], []
    outputs = StackDeployment(stacks, NAME, told.append, pauses.append).run(
        "a template", parameters or {"Prefix": "choir", "RunDays": None}
    )
    return outputs, told, len(pauses)


def test_a_new_stack_is_followed_part_by_part():
    stacks = Stacks(
        [
            ("CREATE_IN_PROGRESS", event(NAME, "CREATE_IN_PROGRESS")),
            ("CREATE_IN_PROGRESS", event("Bucket", "CREATE_IN_PROGRESS")),
            (
                "CREATE_IN_PROGRESS",
                event("Bucket", "CREATE_COMPLETE"),
                event("Role", "CREATE_IN_PROGRESS"),
                event("Role", "CREATE_COMPLETE"),
            ),
            ("CREATE_COMPLETE", event(NAME, "CREATE_COMPLETE")),
        ],
        outputs={"Bucket": "b"},
    )
    outputs, told, pauses = deploy(stacks)
    assert outputs == {"Bucket": "b"}
    assert told == ["Bucket: created.", "Role: created."]
    assert pauses == 3
    (request,) = stacks.requests
    assert request["Parameters"] == [{"ParameterKey": "Prefix", "ParameterValue": "choir"}]
    assert request["OnFailure"] == "DELETE"
    assert request["Capabilities"] == ["CAPABILITY_IAM"]


def test_a_changed_stack_keeps_what_is_not_said_and_tells_no_old_events():
    stacks = Stacks(
        [
            ("UPDATE_IN_PROGRESS", event("Role", "UPDATE_COMPLETE")),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", event("Logs", "DELETE_COMPLETE")),
            ("UPDATE_COMPLETE",),
        ],
        status="UPDATE_ROLLBACK_COMPLETE",
    )
    _, told, pauses = deploy(stacks, {"Prefix": "choir", "RunDays": None, "Added": None})
    assert told == ["Role: changed.", "Logs: deleted."]
    assert pauses == 2
    assert stacks.requests[0]["Parameters"] == [
        {"ParameterKey": "Prefix", "ParameterValue": "choir"},
        {"ParameterKey": "RunDays", "UsePreviousValue": True},
    ]


def test_where_nothing_is_to_be_changed_nothing_is_waited_for():
    stacks = Stacks(status="CREATE_COMPLETE", outputs={"Bucket": "b"})
    stacks.unchanged = True
    outputs, told, pauses = deploy(stacks)
    assert (outputs, pauses) == ({"Bucket": "b"}, 0)
    assert told == ["The stack accompanist is as it should be."]


def test_a_failed_stack_tells_the_first_reason_and_the_part():
    taken = "accompanist-123456789012-eu-central-1 already exists"
    stacks = Stacks(
        [
            (
                "CREATE_IN_PROGRESS",
                event("Bucket", "CREATE_FAILED", taken),
                event("Role", "CREATE_FAILED", "Resource creation cancelled"),
            ),
            ("DELETE_IN_PROGRESS", event("Role", "DELETE_COMPLETE")),
            ("DELETE_COMPLETE",),
        ]
    )
    with pytest.raises(
        LauncherError, match=rf"Bucket could not be created: {taken}\. AWS has"
    ) as e:
        deploy(stacks)
    assert e.value.code == "stack_failed"


def test_a_change_that_is_rolled_back_has_failed():
    stacks = Stacks(
        [
            ("UPDATE_IN_PROGRESS", event("Bucket", "UPDATE_FAILED", "Access denied.")),
            ("UPDATE_ROLLBACK_IN_PROGRESS", event("Bucket", "UPDATE_COMPLETE")),
            ("UPDATE_ROLLBACK_COMPLETE",),
        ],
        status="CREATE_COMPLETE",
    )
    with pytest.raises(
        LauncherError, match=r"Bucket could not be changed: Access denied\. AWS has"
    ):
        deploy(stacks)


@pytest.mark.parametrize(
    ("status", "code"),
    [("UPDATE_IN_PROGRESS", "busy"), ("ROLLBACK_COMPLETE", "stack_stuck"), ("?", "stack_stuck")],
)
def test_a_stack_that_aws_would_not_change_is_left_alone(status, code):
    stacks = Stacks(status=status)
    with pytest.raises(LauncherError) as e:
        deploy(stacks)
    assert e.value.code == code
    assert stacks.requests == []
