"""RESULTS.md: every number of a benchmark run beside its goal, in tables."""

import math
from typing import Any


def render_page(results: dict[str, Any]) -> str:
    """Renders the results of `python -m benchmarks`, as they stand in RESULTS.json."""
    sections = results["sections"].values()
    numbers = [number for section in sections for number in section["numbers"]]
    missed = [number["name"] for number in numbers if number["holds"] is False]
    judged = sum(number["holds"] is not None for number in numbers)
    lines = [
        "# Results of the benchmarks",
        "",
        f"Measured on {results['date']} by `make bench{'-quick' if results['quick'] else ''}` in "
        f"{format_value(sum(results['seconds'].values()) / 60)} minutes; this page, RESULTS.json "
        "and the picture are written by it. All sides of a comparison took turns in one run; a "
        "number is the median of its rounds, after a warm-up, beside the lowest and the highest. "
        "What was tried, and where the time goes, is in "
        "[docs/performance.md](../docs/performance.md).",
        "",
        f"**{judged - len(missed)} of {judged} goals hold.** "
        + (f"Missed: {'; '.join(missed)}." if missed else ""),
        "",
        "![The results as charts](RESULTS.png)",
        "",
        "| this machine | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in results["machine"].items()),
    ]
    for section in sections:
        lines += ["", f"## {section['title']}", "", section["method"], "", *_table(section)]
        lines += [line for remark in section["remarks"] for line in ("", remark)]
    return "\n".join(lines) + "\n"


def format_value(value: float) -> str:
    """Three digits that count: 0.0123, 1.43, 12.3, 1,234; what is infinite never came."""
    if math.isinf(value):
        return "never"
    rounded = float(f"{value:.3g}")
    if rounded == 0 or abs(rounded) >= 100:
        return f"{value:,.0f}"
    return f"{rounded:.{2 - math.floor(math.log10(abs(rounded)))}f}"


def _table(section: dict[str, Any]) -> list[str]:
    rows = ["| | measured | lowest to highest | goal | |", "|---|---|---|---|---|"]
    for number in section["numbers"]:
        unit = number["unit"]
        unit = unit if unit == "%" or not unit else f" {unit}"
        spread = ""
        if number["lowest"] is not None:
            ends = (format_value(number[end]) for end in ("lowest", "highest"))
            spread = f"{' to '.join(ends)}, {number['rounds']} rounds"
        goal, verdict = "", ""
        if number["goal"] is not None:
            sign = "≥" if number["goal"]["at_least"] else "≤"
            goal = f"{sign} {format_value(number['goal']['limit'])}{unit}"
            verdict = "holds" if number["holds"] else "**missed**"
        value = f"{format_value(number['value'])}{unit}"
        rows.append(f"| {number['name']} | {value} | {spread} | {goal} | {verdict} |")
    return rows
