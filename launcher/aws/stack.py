"""Deploys a CloudFormation stack and tells what becomes of its parts."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from launcher.aws.connection import error_code, error_message, told
from launcher.errors import LauncherError

_PAUSE_S = 4.0
_DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_READY = _DONE | {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
_WORDS = {"CREATE": "created", "UPDATE": "changed", "DELETE": "deleted"}


class StackDeployment:
    """Creates a stack, or changes it to what a template says.

    Args:
        client: of CloudFormation.
        name: of the stack.
        on_event: takes a sentence whenever a part of the stack is done or has failed.
        pause: waits for some seconds.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        on_event: Callable[[str], None],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._name = name
        self._on_event = on_event
        self._pause = pause
        self._last_event = ""
        self._reason = ""

    def run(self, template: str, parameters: Mapping[str, str | None]) -> dict[str, str]:
        """Deploys, and waits for the end of it.

        Args:
            template: its text.
            parameters: by name; None for as it was, or the template's default in a new stack.

        Returns:
            The outputs of the stack.

        Raises:
            LauncherError: `busy` if the stack is being changed, `stack_stuck` if it cannot be,
                `stack_failed` with AWS's reason, or as `connection.told` says.
        """
        request = {"TemplateBody": template, "Capabilities": ["CAPABILITY_IAM"]}
        with told(f"set up the stack {self._name}"):
            stack = self._describe(self._name)
            if stack is None:
                stack = self._follow(self._create(request, parameters))
            elif self._change(stack, request, parameters):
                stack = self._follow(str(stack["StackId"]))
        return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}

    def _describe(self, name: str) -> Mapping[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            stacks = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error_code(error) == "ValidationError" and "not exist" in error_message(error):
                return None
            raise
        found: Mapping[str, Any] = stacks[0]
        return found

    def _create(self, request: Mapping[str, Any], parameters: Mapping[str, str | None]) -> str:
        """Returns the ID of the new stack, which deletes itself if it fails."""
        given = _given(parameters)
        created = self._client.create_stack(
            StackName=self._name, Parameters=given, OnFailure="DELETE", **request
        )
        return str(created["StackId"])

    def _change(
        self,
        stack: Mapping[str, Any],
        request: Mapping[str, Any],
        parameters: Mapping[str, str | None],
    ) -> bool:
        """Returns whether there is anything to change."""
        from botocore.exceptions import ClientError

        self._check(str(stack["StackStatus"]))
        known = {item["ParameterKey"] for item in stack.get("Parameters", [])}
        kept = [
            {"ParameterKey": name, "UsePreviousValue": True}
            for name, value in parameters.items()
            if value is None and name in known
        ]
        events = self._client.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        self._last_event = str(events[0]["EventId"]) if events else ""
        try:
            self._client.update_stack(
                StackName=self._name, Parameters=_given(parameters) + kept, **request
            )
        except ClientError as error:
            if "No updates are to be performed" not in error_message(error):
                raise
            self._on_event(f"The stack {self._name} is as it should be.")
            return False
        return True

    def _check(self, status: str) -> None:
        if status.endswith("_IN_PROGRESS"):
            raise LauncherError(
                "busy",
                f"The stack {self._name} is being changed ({status}).",
                "Wait until that is done, then repeat the command.",
            )
        if status not in _READY:
            raise LauncherError(
                "stack_stuck",
                f"The stack {self._name} is in the state {status}, which AWS does not change.",
                "Delete it in the console of CloudFormation, then repeat the command.",
            )

    def _follow(self, identity: str) -> Mapping[str, Any]:
        """Waits for the end; returns the stack if all is well."""
        while True:
            stack = self._describe(identity) or {}
            status = str(stack.get("StackStatus", "DELETE_COMPLETE"))
            self._tell(identity)
            if status in _DONE:
                return stack
            if not status.endswith("_IN_PROGRESS"):
                raise LauncherError(
                    "stack_failed",
                    f"The stack {self._name} could not be set up: {self._reason or status}.",
                    "AWS has undone what was begun: mend the cause, then repeat the command.",
                )
            self._pause(_PAUSE_S)

    def _tell(self, identity: str) -> None:
        """Tells of the events since the last time, the oldest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=identity)
        fresh: list[Mapping[str, Any]] = []
        for event in (event for page in pages for event in page["StackEvents"]):
            if event["EventId"] == self._last_event:
                break
            fresh.append(event)
        for event in reversed(fresh):
            if said := self._say(event):
                self._on_event(said)
        if fresh:
            self._last_event = str(fresh[0]["EventId"])

    def _say(self, event: Mapping[str, Any]) -> str | None:
        part, status = str(event["LogicalResourceId"]), str(event["ResourceStatus"])
        action, _, state = status.partition("_")
        if part == self._name or action not in _WORDS or state not in ("COMPLETE", "FAILED"):
            return None
        if state == "COMPLETE":
            return f"{part}: {_WORDS[action]}."
        reason = str(event.get("ResourceStatusReason", "AWS gives no reason")).rstrip(".")
        self._reason = self._reason or f"{part} could not be {_WORDS[action]}: {reason}"
        return f"{part}: could not be {_WORDS[action]}: {reason}."


def _given(parameters: Mapping[str, str | None]) -> list[dict[str, Any]]:
    return [
        {"ParameterKey": name, "ParameterValue": value}
        for name, value in parameters.items()
        if value is not None
    ]
