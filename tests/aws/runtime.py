"""The runtime of endpoints, which moto plays with canned words: `/endpoints/NAME/invocations`."""

import json
import re
import uuid
from http import HTTPStatus

from tests.aws.kinds import ACCOUNT, CONFIG, ENDPOINT
from tests.aws.stored import read_object, write_object

_PATH = re.compile(r"/endpoints/([^/]+)/(invocations|async-invocations)")


class Runtime:
    """Passes requests to whoever plays the container.

    Attributes:
        container: called with endpoint, headers and body; returns (status, headers, body).
    """

    def __init__(self, sagemaker):
        self._sagemaker = sagemaker
        self.container = _echo

    def answers(self, path):
        return _PATH.fullmatch(path) is not None

    def answer(self, path, headers, body, region="us-east-1"):
        """The answer of SageMaker, (status, headers, body)."""
        name, way = _PATH.fullmatch(path).groups()
        headers = {key.lower(): _text(value) for key, value in headers.items()}
        record = self._sagemaker.get(ENDPOINT, name, region)
        if record is None or record.status not in ("InService", "Updating", "RollingBack"):
            said = f"Endpoint {name} of account {ACCOUNT} not found."
            return _error("ValidationError", 400, {"Message": said})
        config = self._sagemaker.get(CONFIG, record.fields["EndpointConfigName"], region)
        asynchronous = config.request.get("AsyncInferenceConfig") if config else None
        if (way == "async-invocations") != bool(asynchronous):
            said = f"Endpoint {name} of type {'Async' if asynchronous else 'Real-time'}: wrong API."
            return _error("ValidationError", 400, {"Message": said})
        if asynchronous:
            return self._answer_later(name, headers, asynchronous["OutputConfig"])
        return self._ask(name, headers, body)

    def _ask(self, name, headers, body):
        status, given, answer = self.container(name, headers, body)
        given = {key.lower(): value for key, value in given.items()}
        if not 200 <= status < 300:
            said = answer.decode("utf-8", "replace")
            whose = "client" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server"
            return _error(
                "ModelError",
                424,
                {
                    "Message": f"Received {whose} error ({status}) from primary with message "
                    f'"{said}". See https://console.aws.amazon.com/cloudwatch/home for more.',
                    "OriginalStatusCode": status,
                    "OriginalMessage": said[:2048],
                    "LogStreamArn": "arn:aws:logs:us-east-1:123456789012:log-group:"
                    f"/aws/sagemaker/Endpoints/{name}",
                },
            )
        passed = {"x-Amzn-Invoked-Production-Variant": "AllTraffic"}
        for key in ("content-type", "x-amzn-sagemaker-custom-attributes"):
            if key in given:
                passed[key] = given[key]
        return status, passed, answer

    def _answer_later(self, name, headers, output):
        """Asks at once, though nobody learns of it but by looking into the bucket."""
        identity = headers.get("x-amzn-sagemaker-inference-id") or str(uuid.uuid4())
        body = read_object(headers["x-amzn-sagemaker-inputlocation"])
        status, _, answer = self.container(name, headers, body)
        place = f"{output['S3OutputPath'].rstrip('/')}/{uuid.uuid4()}.out"
        failed = output.get("S3FailurePath", output["S3OutputPath"]).rstrip("/")
        failed = f"{failed}/{uuid.uuid4()}-error.out"
        write_object(place if 200 <= status < 300 else failed, answer)
        given = {
            "X-Amzn-SageMaker-OutputLocation": place,
            "X-Amzn-SageMaker-FailureLocation": failed,
            "Content-Type": "application/json",
        }
        return 202, given, json.dumps({"InferenceId": identity}).encode()


def _echo(_name, _headers, body):
    return 200, {"Content-Type": "audio/midi"}, body


def _error(code, status, body):
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return status, headers, json.dumps(body).encode()


def _text(value):
    """A header's value: bytes before it is sent, text after."""
    return value.decode() if isinstance(value, bytes) else value
