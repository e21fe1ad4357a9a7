"""What a training job in AWS needs before anything is asked of it, and what of that is missing."""

from launcher.aws.connection import Connection, connect, told
from launcher.aws.options import FILE, AwsOptions
from launcher.errors import LauncherError

# Fields of `AwsOptions`, and how a sentence calls them.
_NEEDED = {"region": "a region", "role": "a role", "bucket": "a bucket", "image": "an image"}
_ANY_REGION = "us-east-1"  # a session wants one to look for credentials


def missing(options: AwsOptions) -> list[str]:
    """Returns the fields that must be said and are not."""
    return [name for name in _NEEDED if getattr(options, name) is None]


def with_placeholders(options: AwsOptions) -> AwsOptions:
    """Returns options in which `<role>` and the like stand for what is missing."""
    return options.model_copy(update={name: f"<{name}>" for name in missing(options)})


def cure(names: list[str]) -> str:
    """Says in one sentence how what is missing is set up."""
    said = f"`python -m launcher.setup` prepares an account and writes {FILE}"
    if not names:
        return f"{said}."
    return f"{said}, or give {_listed([f'--{name}' for name in names])}."


def words_of(names: list[str]) -> str:
    """Writes fields as a sentence calls them, e.g. `a role and a bucket`."""
    return _listed([_NEEDED[name] for name in names])


def require_ready(options: AwsOptions) -> Connection:
    """Returns the way to AWS if everything is there that a job needs.

    Raises:
        LauncherError: `not_set_up` with all that is missing, in one sentence; or as
            `connection.told` says, if AWS does not take the credentials.
    """
    names = missing(options)
    signed_in = _has_credentials(options)
    if names or not signed_in:
        wanted = [*(_NEEDED[name] for name in names), *([] if signed_in else ["AWS credentials"])]
        signing = "" if signed_in else " To sign in, use `aws configure` or `aws sso login`."
        raise LauncherError(
            "not_set_up",
            f"Training in AWS needs {_listed(wanted)}, which {_are(wanted)} not there yet.",
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
