"""The tags by which the launcher knows what is its own."""

import re
from collections.abc import Mapping
from importlib.metadata import version

OURS = "accompanist"  # of everything that is made; the value is the version
ENDPOINT = "accompanist:endpoint"
SOURCE = "accompanist:source"
EXPIRES = "accompanist:expires"  # when `sweep` may delete it, ISO 8601, UTC

_MOST = 256
_REFUSED = re.compile(r"[^\w .:/=+\-@]")


def tags_of(endpoint: str, source: str, others: Mapping[str, str]) -> dict[str, str]:
    """Returns the tags of what belongs to an endpoint, the user's own among them."""
    own = {OURS: version("accompanist"), ENDPOINT: endpoint, SOURCE: tag_value(source)}
    return {**others, **own}


def tag_value(text: str) -> str:
    """Returns the end of a text as a tag may hold it."""
    return _REFUSED.sub("_", text)[-_MOST:]


def written_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Writes tags as SageMaker takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def read_tags(written: list[dict[str, str]]) -> dict[str, str]:
    """Reads what `written_tags` writes."""
    return {each["Key"]: each["Value"] for each in written}
