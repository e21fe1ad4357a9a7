"""Says in a sentence why S3 has not taken a file.

Of an error only its kind is used, never its text: that may hold addresses and key ids.
"""

from typing import NamedTuple

from container.errors import UploadError


class _Kind(NamedTuple):
    """A kind of fault; `{uri}` stands for the place, `{code}` for the word of S3."""

    code: str
    message: str
    hint: str
    is_lasting: bool = True
    concerns_all: bool = True


_NO_CREDENTIALS = _Kind(
    "no_credentials",
    "There are no AWS credentials to upload with.",
    "Start the job without network isolation, or set credentials as for the AWS command line.",
)
_BAD_CREDENTIALS = _Kind(
    "bad_credentials",
    "S3 does not accept the credentials ({code}).",
    "Renew them, and check the clock of the machine.",
)
_DENIED = _Kind(
    "access_denied",
    "S3 denies the upload to {uri} ({code}).",
    "Allow the role of the job `s3:PutObject` there, and the key that the bucket encrypts with.",
    concerns_all=False,
)
_NO_BUCKET = _Kind(
    "no_bucket",
    "The bucket of {uri} does not exist.",
    "Make it, or correct `progress_s3_uri`.",
)
_WRONG_REGION = _Kind(
    "wrong_region",
    "The bucket of {uri} is in another region ({code}).",
    "Set AWS_REGION to the region of the bucket.",
)
_BUSY = _Kind(
    "busy",
    "S3 is busy or out of order ({code}).",
    "The upload is tried again.",
    is_lasting=False,
)
_REFUSED = _Kind(
    "refused",
    "S3 refuses the upload to {uri} ({code}).",
    "Check `progress_s3_uri` and the policy of the bucket.",
    concerns_all=False,
)
_UNREACHABLE = _Kind(
    "unreachable",
    "S3 cannot be reached ({code}).",
    "Give the job a way to S3, such as a VPC endpoint; the upload is tried again.",
    is_lasting=False,
)
_UNREADABLE = _Kind(
    "unreadable",
    "A file of the output cannot be read ({code}).",
    "Check the rights of the output folder.",
    concerns_all=False,
)
_UNEXPECTED = _Kind(
    "unexpected",
    "The upload to {uri} failed in a way that nobody expected ({code}).",
    "The upload is tried again.",
    is_lasting=False,
    concerns_all=False,
)

_BY_CODE = {
    "AuthorizationHeaderMalformed": _WRONG_REGION,
    "ExpiredToken": _BAD_CREDENTIALS,
    "InvalidAccessKeyId": _BAD_CREDENTIALS,
    "InvalidToken": _BAD_CREDENTIALS,
    "NoSuchBucket": _NO_BUCKET,
    "PermanentRedirect": _WRONG_REGION,
    "RequestTimeTooSkewed": _BAD_CREDENTIALS,
    "RequestTimeout": _BUSY,
    "SignatureDoesNotMatch": _BAD_CREDENTIALS,
    "SlowDown": _BUSY,
    "TokenRefreshRequired": _BAD_CREDENTIALS,
}


def explain(error: Exception, uri: str) -> UploadError:
    """Makes a fault of ours of whatever an upload has raised.

    Args:
        error: of boto3, of the file system, or any other.
        uri: where the upload went.
    """
    from botocore import exceptions as boto

    if isinstance(error, UploadError):
        return error
    if isinstance(error, boto.ClientError):
        return _answered(error, uri)
    without_credentials = (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.CredentialRetrievalError,
        boto.ProfileNotFound,
        boto.SSOError,
        boto.TokenRetrievalError,
    )
    kind = _UNEXPECTED
    if isinstance(error, without_credentials):
        kind = _NO_CREDENTIALS
    elif isinstance(error, boto.ConnectionError | boto.HTTPClientError):
        kind = _UNREACHABLE
    elif isinstance(error, OSError):
        kind = _UNREADABLE
    return _fault(kind, type(error).__name__, uri)


def _answered(error: Exception, uri: str) -> UploadError:
    """Explains an answer of S3 that is no success."""
    response = getattr(error, "response", {})
    code = str(response.get("Error", {}).get("Code") or "no code")
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    kind = _BY_CODE.get(code)
    if kind is None and status == 403:
        kind = _DENIED
    if kind is None and (status >= 500 or status == 429):
        kind = _BUSY
    return _fault(kind or _REFUSED, code, uri)


def _fault(kind: _Kind, code: str, uri: str) -> UploadError:
    message = kind.message.format(uri=uri, code=code)
    return UploadError(
        kind.code,
        message,
        kind.hint,
        is_lasting=kind.is_lasting,
        concerns_all=kind.concerns_all,
    )
