"""The way to AWS: clients, and what it answers to those who may not or cannot."""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from launcher.aws.options import FILE
from launcher.errors import LauncherError

_SET_UP = "`python -m launcher.setup` prepares an account, and docs/aws.md shows the way."
_ATTEMPTS = 6  # with doubling pauses, by botocore's standard retries
_CONNECT_S, _READ_S = 10, 75  # an endpoint may take 60 s to answer
_SERVER_FAULT = 500  # HTTP statuses from here on

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN_KEYS = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"}
    | {"SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"}
)
_FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
    | {"SlowDown"}
)


class Connection:
    """Clients of one account in one region, each made once.

    Args:
        region: of everything.
        profile: of AWS's own configuration files; None for what the environment says.
    """

    def __init__(self, region: str, profile: str | None = None) -> None:
        self.region = region
        self.profile = profile

    @functools.cached_property
    def session(self) -> Any:
        """The `boto3.Session`."""
        import boto3

        with told("read AWS's configuration"):
            return boto3.Session(region_name=self.region, profile_name=self.profile)

    def client(self, service: str) -> Any:
        """Returns the client of a service, such as `sagemaker` or `s3`."""
        return self._clients(service)

    @functools.cache  # noqa: B019 (a command has one connection)
    def _clients(self, service: str) -> Any:
        from botocore.config import Config

        config = Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
        )
        with told(f"reach {service}"):
            return self.session.client(service, config=config)


def connect(region: str | None, profile: str | None) -> Connection:
    """Returns a connection; nothing is sent yet.

    Raises:
        LauncherError: `no_region` if none is known.
    """
    if region is None:
        raise LauncherError(
            "no_region",
            "It is not said which AWS region to use.",
            f"Give --region, such as --region us-east-1, or write it to {FILE}.",
        )
    return Connection(region, profile)


@contextlib.contextmanager
def told(action: str) -> Iterator[None]:
    """Tells what AWS refuses in two sentences.

    Args:
        action: what was tried, as in `could not ...`.

    Raises:
        LauncherError: `no_credentials`, `expired_credentials`, `unknown_credentials`, `forbidden`,
            `throttled`, `no_connection`, `aws_unavailable`, or `aws_error` for all else that AWS or
            its library says.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refusal(action, error) from error
    except BotoCoreError as error:
        raise _failure(action, error) from error


def error_code(error: Exception) -> str:
    """Returns AWS's word for a refusal, such as `ResourceInUse`; empty if it is none."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def error_message(error: Exception) -> str:
    """Returns what AWS says of a refusal."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Message", "")) or str(error)


def _refusal(action: str, error: Any) -> LauncherError:
    code, message = error_code(error), error_message(error).rstrip(".")
    if code in _EXPIRED:
        return LauncherError(
            "expired_credentials",
            f"Could not {action}: the AWS credentials have expired.",
            "Sign in again, e.g. with `aws sso login`, and repeat the command.",
        )
    if code in _UNKNOWN_KEYS:
        return LauncherError(
            "unknown_credentials",
            f"Could not {action}: AWS does not know these credentials ({code}).",
            "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose another --profile.",
        )
    if code in _FORBIDDEN:
        return LauncherError(
            "forbidden",
            f"Could not {action}: {message}.",
            "Have the policy that `launcher.setup` makes attached to your user or role.",
        )
    if code in _THROTTLED:
        return LauncherError(
            "throttled",
            f"Could not {action}: AWS was asked too often, {_ATTEMPTS} times in a row.",
            "Repeat the command in a minute; nothing has been lost.",
        )
    if _http_status(error) >= _SERVER_FAULT:
        return LauncherError(
            "aws_unavailable",
            f"Could not {action}: AWS had a fault of its own ({code}).",
            "Repeat the command in a minute; nothing has been lost.",
        )
    return LauncherError("aws_error", f"Could not {action}: {message} ({code}).", _STATUS)


def _http_status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


_STATUS = "`python -m launcher.status` shows what there is."


def _failure(action: str, error: Any) -> LauncherError:
    from botocore import exceptions

    missing = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.ProfileNotFound,
    )
    expired = (exceptions.UnauthorizedSSOTokenError, exceptions.TokenRetrievalError)
    lost = (exceptions.HTTPClientError, exceptions.ConnectionError)
    if isinstance(error, expired):
        return LauncherError(
            "expired_credentials",
            f"Could not {action}: the sign-in to AWS has expired.",
            "Sign in again with `aws sso login`, and repeat the command.",
        )
    if isinstance(error, missing):
        return LauncherError(
            "no_credentials",
            f"Could not {action}: there are no AWS credentials ({str(error).rstrip('.')}).",
            f"Sign in with `aws configure` or `aws sso login`, or give --profile. {_SET_UP}",
        )
    if isinstance(error, lost):
        return LauncherError(
            "no_connection",
            f"Could not {action}: AWS cannot be reached ({str(error).rstrip('.')}).",
            "Check the network and the region, and repeat the command; what runs goes on.",
        )
    return LauncherError("aws_error", f"Could not {action}: {str(error).rstrip('.')}.", _STATUS)
