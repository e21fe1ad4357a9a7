"""What a job or an endpoint in AWS needs before it is asked for, and what of that is missing."""

from collections.abc import Mapping

from launcher.aws.connection import Connection, connect, told
from launcher.aws.options import FILE, AwsOptions
from launcher.errors import LauncherError

# Fields of `AwsOptions`, and how a sentence calls them.
_PLACE = {"region": "a region", "role": "a role", "bucket": "a bucket"}
TRAINING = {**_PLACE, "image": "an image"}
SERVING = {**_PLACE, "serve_image": "an image that serves"}
_OPTIONS = {"serve_image": "--image"}
_ANY_REGION = "us-east-1"  # a session wants one to look for credentials


def missing(options: AwsOptions, needed: Mapping[str, str] = TRAINING) -> list[str]:
    """Returns the fields that must be said and are not."""
    return [name for name in needed if getattr(options, name) is None]


def with_placeholders(options: AwsOptions) -> AwsOptions:
    """Returns options in which `<role>` and the like stand for what is missing."""
    return options.model_copy(update={name: f"<{name}>" for name in missing(options)})


def cure(names: list[str]) -> str:
    """Says in one sentence how what is missing is set up."""
    said = f"`python -m launcher.setup` prepares an account and writes {FILE}"
    if not names:
        return f"{said}."
    return f"{said}, or give {_listed([_OPTIONS.get(name, f'--{name}') for name in names])}."


def words_of(names: list[str]) -> str:
    """Writes fields as a sentence calls them, e.g. `a role and a bucket`."""
    return _listed([TRAINING[name] for name in names])


def require_ready(
    options: AwsOptions, needed: Mapping[str, str] = TRAINING, what: str = "Training"
) -> Connection:
    """Returns the way to AWS if everything is there.

    Args:
        options: what has been said of AWS.
        needed: fields of it, and how a sentence calls them.
        what: is to be done, with a capital letter.

    Raises:
        LauncherError: `not_set_up` with all that is missing, in one sentence; or as
            `connection.told` says, if AWS does not take the credentials.
    """
    names = missing(options, needed)
    signed_in = _has_credentials(options)
    if names or not signed_in:
        wanted = [*(needed[name] for name in names), *([] if signed_in else ["AWS credentials"])]
        signing = "" if signed_in else " To sign in, use `aws configure` or `aws sso login`."
        raise LauncherError(
            "not_set_up",
            f"{what} in AWS needs {_listed(wanted)}, which {_are(wanted)} not there yet.",
            f"{cure(names)}{signing}" if names else signing.strip(),
        )
    connection = connect(options.region, options.profile)
    with told("sign in to AWS"):
        connection.client("sts").get_caller_identity()
    return connection


def _has_credentials(options: AwsOptions) -> bool:
    region = options.region or _ANY_REGION
    with told("find AWS credentials"):
        return Connection(region, options.profile).session.get_credentials() is not None


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _are(wanted: list[str]) -> str:
    return "is" if len(wanted) == 1 and not wanted[0].endswith("s") else "are"
