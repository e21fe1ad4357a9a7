"""The report of a data set as one HTML page that needs nothing from elsewhere."""

import re
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from music.data_report import DataReport, FileReport

MOST_ROWS = 5_000  # what a browser shows without effort; the JSON has all

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8884; --soft: #8881; --good: #2a7d4f; --bad: #b3452f; }}
@media (prefers-color-scheme: dark) {{ :root {{ --good: #6fcf97; --bad: #f08a70; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto;
  padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; margin: 0; }} h2 {{ font-size: 1.15rem; margin: 2rem 0 .5rem; }}
.numbers {{ display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0; }}
.numbers div {{ background: var(--soft); border-radius: .5rem; padding: .6rem 1rem; }}
.numbers b {{ display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .9rem; }} .wide table {{ width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-bottom: 1px solid var(--line); }}
.kinds {{ display: flex; flex-wrap: wrap; gap: .4rem; padding: 0; list-style: none; }}
.kinds li {{ background: var(--soft); border-radius: 1rem; padding: .1rem .7rem; }}
code {{ white-space: nowrap; background: var(--soft); border-radius: .25rem; padding: 0 .25rem; }}
th {{ white-space: nowrap; }} td.n {{ text-align: right; font-variant-numeric: tabular-nums; }}
td:first-child {{ overflow-wrap: anywhere; min-width: 11rem; }}
td:nth-child(4) {{ white-space: nowrap; }} td:last-child {{ min-width: 20rem; }}
.used {{ color: var(--good); }} .refused {{ color: var(--bad); }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
<div class="numbers">{numbers}</div>
{notes}
{refusals}
<h2>Every file</h2>
<div class="wide"><table>
<tr><th>File<th>Used<th>Bars<th>Key<th>Tracks, the melody first<th>Phrases<th>Split<th>Remarks</tr>
{rows}
</table></div>
{more}
</html>
"""


def render(report: "DataReport") -> str:
    """Returns the page."""
    numbers = {
        "files used": report.used,
        "files refused": len(report.files) - report.used,
        **{f"phrases to {_PURPOSES[split]}": count for split, count in report.phrases.items()},
    }
    hidden = len(report.files) - MOST_ROWS
    return _PAGE.format(
        title=escape(f"The data set {report.name}"),
        summary=escape(report.summary()),
        numbers="".join(f"<div><b>{count:,}</b>{name}</div>" for name, count in numbers.items()),
        notes="".join(f"<p>{_marked(note)}</p>\n" for note in report.notes),
        refusals=_refusals(report),
        rows="\n".join(_row(file) for file in report.files[:MOST_ROWS]),
        more=f"<p>{hidden:,} more files are in data.json.</p>" if hidden > 0 else "",
    )


def refusals(report: "DataReport") -> list[tuple[str, int]]:
    """Counts the refused files by the kind of fault, the commonest first."""
    return Counter(file.code for file in report.files if not file.used).most_common()


_PURPOSES = {"train": "learn from", "valid": "listen to", "test": "be tested with"}


def _refusals(report: "DataReport") -> str:
    counted = refusals(report)
    if not counted:
        return ""
    kinds = "\n".join(
        f"<li><b>{count:,}</b> {escape(code.replace('_', ' '))}</li>" for code, count in counted
    )
    return f'<h2>Why files were refused</h2>\n<ul class="kinds">\n{kinds}\n</ul>'


def _marked(text: str) -> str:
    """Writes a sentence, with what stands between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _row(file: "FileReport") -> str:
    tracks = ", ".join(name or "(no name)" for name in file.tracks)
    if file.left_out:
        left = f"left out: {', '.join(name or '(no name)' for name in file.left_out)}"
        tracks = f"{tracks} ({left})" if tracks else left
    state = "used" if file.used else "refused"
    return (
        f'<tr><td>{escape(file.path)}<td class="{state}">{state}<td class=n>{file.bars or ""}'
        f"<td>{escape(file.key)}<td>{escape(tracks)}<td class=n>{file.phrases or ''}"
        f"<td>{file.split}<td>{_marked(remarks(file))}</tr>"
    )


def remarks(file: "FileReport") -> str:
    """What there is to say of a file beside its numbers."""
    akin = f"shares music with {file.akin}" if file.akin else ""
    return "; ".join(text for text in (file.reason, akin) if text)
