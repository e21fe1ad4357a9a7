"""An S3 of moto's, reached over HTTP, behind a gate at which requests can be refused or held up."""

import threading
import uuid
from contextlib import contextmanager

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

KEY_ID = "AKIAQUITEUNSPEAKABLE"
SECRET = "quite/unspeakable/quite/unspeakable/quit"  # noqa: S105 (made up)
PATIENCE = 30  # seconds, for what takes a moment


class QuietHandler(WSGIRequestHandler):
    def log_request(self, *_):
        pass


class S3Server:
    """Serves on 127.0.0.1; every test has a bucket of its own, which keeps all versions.

    Attributes:
        bucket: the name of the bucket.
        gate: asked for each request to the bucket; returns a response in the place of S3's, or
            None. It may wait.
        uploads: how many files have come to the bucket, refused ones included.
    """

    def __init__(self):
        self._backend = DomainDispatcherApplication(create_backend_app)
        self._happened = threading.Condition()
        self._happenings = 0
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=QuietHandler
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.environ = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "S3_ENDPOINT_URL": self.url,
        }
        self.client = boto3.session.Session().client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self.client.close()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def begin(self):
        """Begins a test: an empty bucket, an open gate."""
        self.gate = lambda _request: None
        self.uploads = 0
        self.bucket = f"bucket-{uuid.uuid4()}"
        self.client.create_bucket(Bucket=self.bucket)
        self.client.put_bucket_versioning(
            Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"}
        )

    def _answer(self, environ, start_response):
        request = Request(environ)
        is_ours = request.path.startswith(f"/{self.bucket}/")  # not of a test that is over
        is_upload = is_ours and request.method == "PUT" and request.path != f"/{self.bucket}/"
        if is_upload:
            self.uploads += 1
            self._tell()
        app = (is_ours and self.gate(request)) or self._backend
        yield from app(environ, start_response)
        if is_upload:
            self._tell()

    def _tell(self):
        with self._happened:
            self._happenings += 1
            self._happened.notify_all()

    def wait_until(self, there):
        """Waits until something is so, looking whenever an upload comes or is answered."""
        while True:
            seen = self._happenings
            if there():
                return
            with self._happened:
                assert self._happened.wait_for(lambda seen=seen: self._happenings != seen, PATIENCE)

    def objects(self):
        """The keys of all objects."""
        listed = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {each["Key"] for each in listed}

    def get(self, key):
        """The content of an object, and what it is to be taken for."""
        answer = self.client.get_object(Bucket=self.bucket, Key=key)
        return answer["Body"].read(), answer["ContentType"]

    def versions(self, key):
        """All that an object has ever contained."""
        listed = self.client.list_object_versions(Bucket=self.bucket, Prefix=key)["Versions"]
        return [
            self.client.get_object(Bucket=self.bucket, Key=key, VersionId=each["VersionId"])[
                "Body"
            ].read()
            for each in listed
        ]


def refusal(status, code, message="No."):
    """An answer as S3 writes it, for a gate."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
        f"<Message>{message}</Message></Error>"
    )
    return Response(body, status, content_type="application/xml")
