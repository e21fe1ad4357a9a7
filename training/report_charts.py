"""Line charts as inline SVG: sharp at any size, and in the colours of the page around them.

Colours are classes (`line-0`, `grid`, ...), which the style sheet of the report defines for light
and dark. `xmlns` is left out, which SVG inside HTML does not need.
"""

import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Points = Sequence[tuple[float, float]]
Place = Callable[[float, float], tuple[float, float]]

WIDTH, HEIGHT = 460, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 14, 14, 30
_COLOURS = 6
_FEW = 30  # points that are worth a mark each
_MOST = 400  # points of one line; more would only be heavier


@dataclass(frozen=True)
class Reference:
    """A level to compare with.

    Attributes:
        value: where the dashed line is drawn.
        name: what it is; told in the legend.
        line: the line that it belongs to and takes its colour from, of several.
    """

    value: float
    name: str
    line: str = ""


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        title: above it.
        lines: name and points `(iteration, value)` of each line.
        words: what the curves mean, for a musician.
        references: are drawn as dashed lines.
        colour: of the first line, 0..5; the colours of the page's voices.
        unit: of the values: nothing, or "%", in which shares of 0 to 100 keep to that range.
    """

    title: str
    lines: Mapping[str, Points]
    words: str = ""
    references: Sequence[Reference] = ()
    colour: int = 0
    unit: Literal["", "%"] = ""

    def class_of(self, line: str) -> str:
        """The style of a line, by its name."""
        return f"line-{(self.colour + list(self.lines).index(line)) % _COLOURS}"


def draw(chart: Chart, mark: int | None = None, last: int = 0) -> str:
    """Draws a chart as an HTML `figure` with its title, legend and words.

    Points that are no finite numbers are left out.

    Args:
        chart: what to draw.
        mark: the iteration to mark with an upright line.
        last: the iteration up to which the chart goes at least, as its neighbours do.
    """
    lines = {name: _thinned(_finite(points)) for name, points in chart.lines.items()}
    every = [point for points in lines.values() for point in points]
    if not every:
        return ""
    levels = [y for _, y in every] + [each.value for each in chart.references]
    bottom, top, steps_y = _round_range(min(levels), max(levels))
    if chart.unit == "%":
        bottom, top = max(bottom, 0.0), top if max(levels) > 100 else min(top, 100.0)
    right, steps_x = _round_range(0.0, max(last, mark or 0, *(x for x, _ in every)))[1:]
    scale_x = (WIDTH - _LEFT - _RIGHT) / right
    scale_y = (HEIGHT - _TOP - _BOTTOM) / (top - bottom)

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + x * scale_x, HEIGHT - _BOTTOM - (y - bottom) * scale_y

    parts = [_grid(bottom, top, right, steps_y, steps_x, place, chart.unit)]
    if mark is not None:
        parts.append(_upright("mark", place(mark, bottom)[0]))
    for reference in chart.references:
        colour = f" {chart.class_of(reference.line)}" if reference.line else ""
        parts.append(_level(f"reference{colour}", place(0, reference.value)[1]))
    for name, points in lines.items():
        parts.append(_line(name, points, chart.class_of(name), place))
    ends = ", ".join(f"{name} {_say(points[-1][1])}" for name, points in lines.items() if points)
    label = html.escape(f"{chart.title} over iterations; at the end {ends} {chart.unit}".strip())
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}'
    words = f"<p>{html.escape(chart.words)}</p>" if chart.words else ""
    return (
        f'<figure class="chart"><figcaption>{html.escape(chart.title)}{_legend(chart)}'
        f"</figcaption>{svg}</svg>{words}</figure>"
    )


def _level(style: str, y: float) -> str:
    return f'<line class="{style}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _upright(style: str, x: float) -> str:
    return f'<line class="{style}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>'


def _finite(points: Points) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Every so many-th point, counted from the last, which is always kept."""
    every = math.ceil(len(points) / _MOST) or 1
    return points[::-1][::every][::-1]


def _round_range(low: float, high: float) -> tuple[float, float, float]:
    """Widens a range to multiples of a round step: lowest, highest, step."""
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - abs(low) * 0.1 - 1e-3, high + abs(high) * 0.1 + 1e-3
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step


def _grid(
    bottom: float, top: float, right: float, step_y: float, step_x: float, place: Place, unit: str
) -> str:
    parts = []
    count = round((top - bottom) / step_y)
    for index in range(count + 1):
        value = bottom + index * step_y
        y = place(0, value)[1]
        told = _say(value, step_y) + (f" {unit}" if unit and index == count else "")
        parts.append(
            f'{_level("grid", y)}<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{told}</text>"
        )
    for index in range(round(right / step_x) + 1):
        x = place(index * step_x, bottom)[0]
        anchor = "end" if x > WIDTH - 30 else "middle"
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - 9}" text-anchor="{anchor}">'
            f"{_say(index * step_x, step_x)}</text>"
        )
    return "".join(parts)


def _line(name: str, points: Points, kind: str, place: Place) -> str:
    spots = [place(x, y) for x, y in points]
    path = "".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(spots))
    line = f'<path class="{kind}" d="{path}"/>'
    if len(points) > _FEW:
        return line
    return line + "".join(
        f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>'
        f"{html.escape(name)} {_say(point[1])} at iteration {point[0]:.0f}</title></circle>"
        for (x, y), point in zip(spots, points, strict=True)
    )


def _legend(chart: Chart) -> str:
    parts = []
    if len(chart.lines) > 1:
        for name in chart.lines:
            sign = f'<i class="{chart.class_of(name)}"></i>'
            parts.append(f"<span>{sign}{html.escape(name)}</span>")
    if chart.references:
        space = f"\u00a0{chart.unit}" if chart.unit else ""
        level = f" {_say(chart.references[0].value)}{space}" if len(chart.references) == 1 else ""
        name = html.escape(chart.references[0].name + level)
        parts.append(f'<span><i class="reference"></i>{name}</span>')
    return f'<span class="legend">{"".join(parts)}</span>' if parts else ""


def _say(value: float, step: float | None = None) -> str:
    """A number with as many digits as tell it from its neighbours at `step`."""
    if step is None:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if abs(value) < step / 1e6:
        return "0"
    if max(abs(value), step) >= 1e6 or step < 1e-4:
        return f"{value:.3g}"
    text = f"{value:,.{max(0, 1 - math.floor(math.log10(step)))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
