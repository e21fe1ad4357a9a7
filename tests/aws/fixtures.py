"""The fixtures `aws` and `aws_url`: an account that moto plays, with all that it does not know.

def test_it(aws):
    aws.script_job(["InProgress/Starting", step("Failed", FailureReason="No disk.")])
    aws.fail_next("CreateTrainingJob", code="ThrottlingException", times=2)
    ...
    assert ("sagemaker:CreateTrainingJob", {...}) in aws.calls
"""

import os
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from unittest.mock import patch

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from tests.aws.calls import Recording, begin_recording, end_recording
from tests.aws.gate import ALWAYS, Gate
from tests.aws.kinds import CONFIG, ENDPOINT, MODEL, TRAINING, TRANSFORM, TUNING
from tests.aws.lifecycles import script
from tests.aws.moto_sagemaker import SageMaker
from tests.aws.over_http import serving
from tests.aws.policy import BUCKET, refused
from tests.aws.runtime import Runtime
from tests.aws.stored import list_objects, read_object, write_object

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/accompanist-execution"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAQUITEUNSPEAKABLE",
    "AWS_SECRET_ACCESS_KEY": "quite/unspeakable/quite/unspeakable/quit",
}
"""Nobody's."""


class Aws:
    """An account of a test's own, with one bucket.

    Attributes:
        calls: what was called so far, (`service:Action`, parameters), each call once.
        launched: those calls that the test did not make itself.
        tried: `service:Action` of every request, repeated ones included.
        pauses: how long botocore would have waited before it tried again, in seconds.
        sagemaker: jobs, models and endpoints; see `SageMaker`.
        runtime: `runtime.container` answers what is asked of endpoints.
    """

    region, bucket, role = REGION, BUCKET, ROLE

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self._gate = Gate()
        self.tried = self._gate.tried
        self.pauses = []
        self.sagemaker = SageMaker()
        self.runtime = Runtime(self.sagemaker)
        self._recording = Recording()

    # ------------------------------------------------------------ what shall happen

    def script_job(self, steps, name="*"):
        """Says what describes of training jobs find, one after the other; the last one stays."""
        self.sagemaker.scripts["TrainingJob"][name] = script(steps)

    def script_endpoint(self, steps, name="*"):
        self.sagemaker.scripts["Endpoint"][name] = script(steps)

    def script_update(self, steps, name="*"):
        """The same for updates of endpoints; from `RollingBack` on, the old config counts."""
        self.sagemaker.scripts["UpdateEndpoint"][name] = script(steps)

    def script_tuning(self, steps, name="*"):
        self.sagemaker.scripts["HyperParameterTuningJob"][name] = script(steps)

    def script_transform(self, steps, name="*"):
        self.sagemaker.scripts["TransformJob"][name] = script(steps)

    def fail_next(self, action, code, *, message="", times=1, status=None):
        """Refuses the next requests for an action: its name, `s3:PutObject`, `s3:*` or `*`."""
        self._gate.add(action, code, message, times, status)

    def throttle(self, action="*", times=1):
        self._gate.add(action, "ThrottlingException", "Rate exceeded", times)

    def lose_connection(self, action="*", times=1):
        self._gate.add(action, "EndpointConnectionError", times=times)

    def expire_credentials(self, action="*"):
        said = "The security token included in the request is expired"
        self._gate.add(action, "ExpiredTokenException", said, ALWAYS)

    def deny(self, action):
        """Forbids an action, such as `sagemaker:CreateTrainingJob`, in IAM's words."""
        self._gate.add(action, "AccessDeniedException", times=ALWAYS)

    def forget_credentials(self):
        """Leaves botocore nothing to sign with."""
        for name in CREDENTIALS:
            self._monkeypatch.delenv(name)

    # ------------------------------------------------------------ what there is

    @property
    def calls(self):
        return self._recording.calls

    @property
    def launched(self):
        return self._recording.launched

    def actions(self):
        """`service:Action` of the calls so far, in order."""
        return [action for action, _ in self.calls]

    def asked(self, action):
        """The parameters of the calls of one action, such as `CreateTrainingJob`."""
        return [given for called, given in self.calls if called.partition(":")[2] == action]

    def request(self, kind, name, region=REGION):
        """The body of the request that created something (`TRAINING`, `MODEL`, ...)."""
        return self.sagemaker.get(kind, name, region).request

    def tags(self, kind, name, region=REGION):
        return self.sagemaker.tags[self.sagemaker.get(kind, name, region).arn]

    def read(self, uri):
        """The content of an object in S3; None if there is none."""
        return read_object(uri)

    def write(self, uri, content):
        write_object(uri, content)

    def objects(self, prefix=f"s3://{BUCKET}/"):
        return list_objects(prefix)

    # ------------------------------------------------------------ how it is played

    def playing(self):
        stack = ExitStack()
        stack.enter_context(self.sagemaker.playing())
        stack.enter_context(patch.object(BotocoreStubber, "__call__", self._pass))
        waits = SimpleNamespace(sleep=self.pauses.append)
        stack.enter_context(patch("botocore.endpoint.time", waits))
        self._recording = begin_recording()
        stack.callback(end_recording, self._recording)
        return stack

    def serving(self, address="127.0.0.1"):
        """Serves the same over HTTP; a context that yields the port."""
        return serving(self._gate, self.runtime, self._recording.add_launched, address)

    def _pass(self, event_name, request, **_):
        """Answers a request of this process, in the place of moto's own hook."""
        _, service, action = event_name.split(".")
        service = _SIGNED_AS.get(service, service)
        answer = self._gate.refusal(service, action, request.url)
        if answer is None:
            path = "/" + request.url.partition("://")[2].partition("/")[2]
            if self.runtime.answers(path):
                body = request.body or b""
                body = body if isinstance(body, bytes) else body.read()
                answer = self.runtime.answer(path, request.headers, body)
            else:
                answer = _MOTO.process_request(request)
        if answer is None:
            return None
        status, headers, body = answer
        return AWSResponse(request.url, status, headers, MockRawResponse(body))


_MOTO = BotocoreStubber()
_SIGNED_AS = {  # where that differs from what botocore calls a service
    "sagemaker-runtime": "sagemaker",
    "cloudwatch-logs": "logs",
    "cloudwatch": "monitoring",
    "application-auto-scaling": "application-autoscaling",
}


@contextmanager
def account(monkeypatch, folder):
    """Plays an account within this process; `folder` is empty."""
    _forget_surroundings(monkeypatch, folder)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    account = Aws(monkeypatch)
    with mock_aws(config={"core": {"mock_credentials": False}}):
        boto3.client("s3", region_name=REGION).create_bucket(Bucket=BUCKET)
        with account.playing():
            yield account
    assert refused(account.launched) == [], "infra/accompanist.yaml does not allow this"


@contextmanager
def account_for_processes(account):
    """Serves an account over HTTP; yields the environment of processes that shall find it."""
    with account.serving() as port:
        yield {
            **os.environ,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,  # boto3 reads only this one
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }


@pytest.fixture
def aws(monkeypatch, tmp_path):
    """An account within this process: one bucket, dummy credentials, region us-east-1."""
    with account(monkeypatch, tmp_path) as played:
        yield played


@pytest.fixture
def aws_environ(aws):
    """The same account for commands in processes of their own: the environment that they need."""
    with account_for_processes(aws) as environ:
        yield environ


def _forget_surroundings(monkeypatch, folder):
    """Hides what the machine knows of AWS."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ACCOMPANIST_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "no config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "no credentials"))


__all__ = [
    "CONFIG",
    "ENDPOINT",
    "MODEL",
    "TRAINING",
    "TRANSFORM",
    "TUNING",
    "Aws",
    "aws",
    "aws_environ",
]
