"""Reads hyperparameters as they arrive: strings, encoded by whoever sent them.

Senders disagree. One SDK encodes every value as JSON (`foo` arrives as `"foo"`, quotes and all),
another calls `str` (`True`), a third leaves strings raw and encodes the rest as JSON. The type of
the field decides between the readings.
"""

import json

UNSET = frozenset({"", "none", "null"})
TRUE = frozenset({"true", "1", "yes"})
FALSE = frozenset({"false", "0", "no"})


def decode(text: str, kind: type) -> object:
    """Reads one value.

    Args:
        text: the value as it arrived.
        kind: the type that the field wants: `str`, `bool`, or any other for a JSON value.

    Returns:
        None where the text means "unset"; else a `str` for kind `str`, a `bool` for kind `bool`
        where the text is one, otherwise what JSON reads, or the raw text where JSON reads nothing:
        the model then refuses it by name.
    """
    value = _json(text)
    if isinstance(value, str):  # quoted by its sender: what is inside the quotes counts
        text = value
        value = text if kind is str else _json(text)
    if text.strip().lower() in UNSET:
        return None
    if kind is str:
        return text
    if kind is bool:
        return _boolean(text)
    return value


def encode(value: object) -> str:
    """Writes one value so that `decode` gives it back: strings raw, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # not JSON, a number of 5000 digits, 10000 brackets
        return text


def _boolean(text: str) -> object:
    word = text.strip().lower()
    if word in TRUE:
        return True
    return False if word in FALSE else text
