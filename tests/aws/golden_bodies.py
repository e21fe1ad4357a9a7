"""Requests as they were once looked through, in `golden/`, without what changes from run to run.

A file that is missing is written by the test that misses it, and then to be looked through.
"""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).with_name("golden")

_CHANGING = (
    (re.compile(r"[0-9a-f]{64}"), "SHA256"),
    (re.compile(r"\b\d{8}-\d{6}-[a-z0-9]{4,8}\b"), "TIME-CHANCE"),
    (re.compile(r'(?<="Key": "accompanist",\n)(\s*"Value": )"[^"]+"'), r'\1"VERSION"'),
)


def is_golden(name, body):
    """Holds the body of a request to the one that is kept; False if none was, but is now."""
    text = json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    path = FOLDER / f"{name}.json"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return False
    assert text == path.read_text(encoding="utf-8")
    return True
