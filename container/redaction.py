"""Keeps secrets out of logs and failure texts.

A text is searched for what looks like a secret, whoever wrote it, and for the values of those
environment variables whose names say that they hold one.
"""

import re
from collections.abc import Mapping

MASK = "[redacted]"
MIN_LENGTH = 8  # a shorter value, such as `false`, is no secret but a word of every text

_NAMES = r"secret|token|passw(?:or)?d|credential|(?:api|access|private)[_-]?key|x-amz-signature"
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)

# What stands before the mask stays: the name of an option, the host of an address.
_PATTERNS = (
    # Key ids and session tokens of AWS, which begin alike.
    (re.compile(r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}\b|(?:FwoGZXIv|IQoJb3Jp)[\w+/=]{20,})"), MASK),
    # password=..., "token": "...", and the signing parts of an address, X-Amz-Signature=....
    (
        re.compile(rf"""((?:{_NAMES})[\w-]*["'`]?\s*[=:]\s*["'`]?)[^\s"'`&,;]+""", re.IGNORECASE),
        rf"\1{MASK}",
    ),
    (re.compile(r"(\bBearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1{MASK}"),
    # The password of an address: https://name:password@host.
    (re.compile(r"(\w://[^\s/:@]*:)[^\s/@]+(?=@)"), rf"\1{MASK}"),
)


def redact(text: str, environ: Mapping[str, str]) -> str:
    """Masks the secrets of a text.

    Args:
        text: anything that is to be shown.
        environ: the environment, whose secrets are masked wherever they stand.
    """
    for secret in _secrets(environ):
        text = text.replace(secret, MASK)
    for pattern, masked in _PATTERNS:
        text = pattern.sub(masked, text)
    return text


def _secrets(environ: Mapping[str, str]) -> list[str]:
    """The values that are to be masked, the longest first: one may be part of another."""
    found = {
        value.strip()
        for name, value in environ.items()
        if _SECRET_NAME.search(name) and len(value.strip()) >= MIN_LENGTH
    }
    return sorted(found, key=len, reverse=True)
