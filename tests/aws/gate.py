"""What comes between a caller and AWS: refusals, lost connections, throttling."""

import json
import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from xml.sax.saxutils import escape

from botocore.exceptions import EndpointConnectionError

USER = "arn:aws:iam::123456789012:user/alice"
# The services that speak XML have shorter words for the same.
_IN_XML = {
    "ThrottlingException": "Throttling",
    "ExpiredTokenException": "ExpiredToken",
    "AccessDeniedException": "AccessDenied",
}
_XML_SERVICES = ("s3", "iam", "sts", "cloudformation")
_STATUS = {"AccessDenied": 403, "SlowDown": 503, "ServiceUnavailable": 503, "InternalFailure": 500}


@dataclass
class Fault:
    """What shall go wrong, and how often from now on."""

    pattern: str  # of `service:Action`
    code: str
    message: str
    times: float
    status: int | None = None


class Gate:
    """Refuses calls as it was told to; the others pass.

    Attributes:
        tried: `service:Action` of all requests, also of those that are repeated or refused.
    """

    def __init__(self):
        self._faults = []
        self.tried = []

    def add(self, pattern, code, message="", times=1, status=None):
        """Lets requests fail: `CreateTrainingJob`, `s3:PutObject`, `s3:*` or `*`."""
        pattern = pattern if ":" in pattern or pattern == "*" else f"*:{pattern}"
        self._faults.append(Fault(pattern, code, message, times, status))

    def refusal(self, service, action, url):
        """The answer to a request that is refused, as (status, headers, body); else None.

        Raises:
            EndpointConnectionError: if the connection shall be lost.
        """
        called = f"{service}:{action}"
        self.tried.append(called)
        for fault in self._faults:
            if fault.times > 0 and fnmatchcase(called, fault.pattern):
                fault.times -= 1
                return _answer(fault, service, called, url)
        return None


ALWAYS = math.inf


def _answer(fault, service, called, url):
    if fault.code == "EndpointConnectionError":
        raise EndpointConnectionError(endpoint_url=url)
    code, message = fault.code, fault.message
    if code == "AccessDeniedException" and not message:
        message = (
            f"User: {USER} is not authorized to perform: {called} on resource: {_resource(called)} "
            f"because no identity-based policy allows the {called} action"
        )
    if service in _XML_SERVICES:
        code = _IN_XML.get(code, code)
        code = "SlowDown" if (service, code) == ("s3", "Throttling") else code
        status = fault.status or _STATUS.get(code, 400)
        inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        body = f"<Error>{inner}</Error>"
        if service != "s3":
            body = f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error></ErrorResponse>"
        return status, {"Content-Type": "application/xml"}, body
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}
    body = json.dumps({"__type": code, "message": message})
    return fault.status or _STATUS.get(code, 400), headers, body


def _resource(called):
    service, _, action = called.partition(":")
    return f"arn:aws:{service}:us-east-1:123456789012:{action.lower()}"
