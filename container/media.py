"""Media types: what a body is, and what its sender wants back (RFC 9110, sections 8.3 and 12.5)."""

from collections.abc import Iterator, Sequence

MIDI = "audio/midi"
JSON = "application/json"
NPY = "application/x-npy"
LINES = "application/jsonlines"
PNG = "image/png"

_ALIASES = {
    "audio/x-midi": MIDI,
    "audio/mid": MIDI,
    "audio/sp-midi": MIDI,
    "application/x-midi": MIDI,
    "text/json": JSON,
    "application/npy": NPY,
    "application/x-numpy": NPY,
    "application/x-jsonlines": LINES,
    "application/jsonl": LINES,
    "application/x-ndjson": LINES,
}
# What says nothing about a body: its first bytes decide.
_UNSAID = {"", "application/octet-stream", "binary/octet-stream"}
_MAGIC = ((b"MThd", MIDI), (b"\x93NUMPY", NPY), (b"{", JSON))

# By the type of the request, what it may be answered with; the first is the default.
ANSWERS: dict[str, tuple[str, ...]] = {
    MIDI: (MIDI, JSON, NPY, PNG),
    JSON: (JSON, MIDI, NPY, PNG),
    NPY: (NPY,),
    LINES: (LINES,),
}


def body_type(content_type: str | None, body: bytes) -> str | None:
    """Finds out what a body is.

    Args:
        content_type: the header, perhaps with parameters, perhaps missing.
        body: looked at only if the header says nothing.

    Returns:
        One of the types of `ANSWERS`, None for anything else.
    """
    name = _plain(content_type or "")
    if name in _UNSAID:
        return next((kind for magic, kind in _MAGIC if body.lstrip().startswith(magic)), None)
    name = _ALIASES.get(name, name)
    return name if name in ANSWERS else None


def choose_answer(accept: str | None, offers: Sequence[str]) -> str | None:
    """Chooses the type of the answer.

    Args:
        accept: the header; missing or empty is `*/*`.
        offers: what can be given, the default first.

    Returns:
        The offer with the highest quality, of equals the first; None if none is acceptable.
    """
    if not (accept or "").strip():
        return offers[0]
    ranges = list(_ranges(accept or ""))
    best = max(offers, key=lambda offer: _quality(offer, ranges))  # the first of equals
    return best if _quality(best, ranges) > 0 else None


def _plain(header: str) -> str:
    return header.split(";", 1)[0].strip().lower()


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """The media ranges of an Accept header and their qualities; what is malformed is left out."""
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = -1.0
        if name.count("/") == 1 and 0 <= quality <= 1:
            yield _ALIASES.get(name, name), quality


def _quality(offer: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of an offer: that of the most specific range that covers it, 0 if none does."""
    for pattern in (offer, f"{offer.split('/')[0]}/*", "*/*"):
        found = [quality for name, quality in ranges if name == pattern]
        if found:
            return max(found)
    return 0.0
