"""The same AWS over HTTP, for commands that run as processes of their own."""

import io
import threading
from contextlib import contextmanager

from botocore.exceptions import EndpointConnectionError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

_S3_QUERIES = {
    "uploads": "CreateMultipartUpload",
    "delete": "DeleteObjects",
    "location": "GetBucketLocation",
}
_S3_BUCKET = {"GET": "ListObjectsV2", "HEAD": "HeadBucket", "PUT": "CreateBucket"}
_S3_OBJECT = {
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
    "DELETE": "DeleteObject",
}


class QuietHandler(WSGIRequestHandler):
    def log_request(self, *_):
        pass


@contextmanager
def serving(gate, runtime, record, address="127.0.0.1"):
    """Serves what moto plays within this process; yields the port.

    Args:
        gate: refuses requests.
        runtime: answers what is asked of endpoints.
        record: called with each `service:Action` and its JSON, where it has any.
        address: 0.0.0.0 lets containers in.
    """
    backend = DomainDispatcherApplication(create_backend_app)

    def answer(environ, start_response):
        request = Request(environ)
        body = request.get_data()
        environ["wsgi.input"] = io.BytesIO(body)  # moto reads it again
        if runtime.answers(request.path):
            service, action = "sagemaker", "InvokeEndpoint"
            action += "Async" * request.path.endswith("/async-invocations")
        else:
            service, action = _name(request)
        record(f"{service}:{action}", _parameters(request))
        try:
            refused = gate.refusal(service, action, request.url)
        except EndpointConnectionError:
            raise ConnectionAbortedError from None  # werkzeug closes the connection
        if refused is None and runtime.answers(request.path):
            refused = runtime.answer(request.path, request.headers, body)
        if refused is not None:
            status, headers, body = refused
            yield from Response(body, status, headers)(environ, start_response)
            return
        yield from backend(environ, start_response)

    server = make_server(address, 0, answer, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _name(request):
    """Service and action of a request, as its signature, its headers or its path say."""
    credential = request.headers.get("Authorization", "").partition("Credential=")[2]
    parts = credential.partition(",")[0].split("/")
    service = parts[3] if len(parts) > 3 else "s3"
    if service == "s3":
        return service, _s3_action(request)
    if target := request.headers.get("X-Amz-Target"):
        return service, target.rpartition(".")[2]
    return service, request.form.get("Action", "")


def _s3_action(request):
    for query, action in _S3_QUERIES.items():
        if query in request.args:
            return action
    if "uploadId" in request.args:
        return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload"}.get(
            request.method, "AbortMultipartUpload"
        )
    key = request.path.strip("/").partition("/")[2]
    return (_S3_OBJECT if key else _S3_BUCKET)[request.method]


def _parameters(request):
    if "json" in request.headers.get("Content-Type", ""):
        return request.get_json(force=True, silent=True) or {}
    return {}
