"""What an instance costs: SageMaker's on-demand prices, as far as they are known here.

`prices.json` holds the prices of some instances in one region, each list with its date and source.
What `python -m launcher.prices --refresh` reads of AWS's price list lies in a file of the user's
and counts before it, region by region. Prices that are not known are never guessed.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from launcher.console import duration
from launcher.errors import LauncherError

if TYPE_CHECKING:
    from training.hyperparameters import Hyperparameters

Kind = Literal["training", "hosting"]
KINDS: tuple[Kind, ...] = ("training", "hosting")

SHIPPED = Path(__file__).with_name("prices.json")

_HOUR_S = 3600
_MONTH_H = 730
# Measured (benchmarks/RESULTS.md): the default run on two cores.
_MEASURED_S = 300.0


@dataclass(frozen=True)
class PriceList:
    """Prices of one kind in one region.

    Attributes:
        date: of the prices, e.g. `2026-09-25`.
        source: where they were read.
        hourly: US dollars an hour, without taxes and discounts, by instance type.
    """

    date: str
    source: str
    hourly: Mapping[str, float]


@dataclass(frozen=True)
class Estimate:
    """What something is expected to cost.

    Attributes:
        dollars: US dollars; None if no price is known.
        words: the sum and how it comes about, or why there is none; no full stop.
    """

    dollars: float | None
    words: str


def user_file() -> Path:
    """Returns where the user's own prices lie, if there are any."""
    import platformdirs

    return Path(platformdirs.user_data_dir("accompanist")) / "prices.json"


def find_prices(kind: Kind, region: str | None) -> PriceList | None:
    """Returns the prices of one kind in a region, the user's own before ours.

    Raises:
        LauncherError: `bad_prices` if the user's file cannot be read.
    """
    for path in (user_file(), SHIPPED):
        found = _read(path).get(region or "", {}).get(kind)
        if found is not None:
            return found
    return None


def estimate(
    kind: Kind, instance: str, region: str | None, seconds: float, count: int = 1
) -> Estimate:
    """Says what instances cost for a time, on demand.

    Raises:
        LauncherError: `bad_prices` if the user's file cannot be read.
    """
    prices = find_prices(kind, region)
    if prices is None or instance not in prices.hourly:
        where = region or "a region that is not said"
        cure = ""
        if region:
            cure = f"; `python -m launcher.prices --region {region} --refresh` asks AWS for it"
        return Estimate(None, f"no price is known of {kind} on {instance} in {where}{cure}")
    hourly = prices.hourly[instance]
    dollars = hourly * count * seconds / _HOUR_S
    return Estimate(
        dollars,
        f"{_money(dollars)} for {duration(seconds)} of {count} x {instance} at ${hourly:g} an hour "
        f"(on demand, {region}, prices of {prices.date})",
    )


def training_costs(
    instance: str,
    region: str | None,
    *,
    max_runtime: int,
    count: int = 1,
    spot: bool = False,
    hyperparameters: "Hyperparameters | None" = None,
) -> list[str]:
    """Says what a training job may cost, a sentence each.

    Args:
        instance: its type.
        region: where.
        max_runtime: seconds after which it is stopped.
        count: of instances.
        spot: whether on spare capacity.
        hyperparameters: if given and much like the default run, what it will cost is said, too.
    """
    most = estimate("training", instance, region, max_runtime, count)
    if most.dollars is None:
        return [f"What it costs cannot be said: {most.words}."]
    said = [f"At most {most.words}: then it is stopped."]
    expected_s = expected_seconds(hyperparameters) if hyperparameters else None
    if expected_s is not None:
        expected = _money(most.dollars * expected_s / max_runtime)
        said.append(
            f"About {expected} is likely: {duration(expected_s)}, the speed that was measured on "
            "two cores, and some minutes to start; no other machine has been measured."
        )
        if expected_s > max_runtime:
            said.append("So it may be stopped before its end: a longer max_runtime lets it end.")
    if spot:
        said.append("On spare capacity up to 90 % less; how much less cannot be predicted.")
    return said


def hosting_costs(instance: str, region: str | None, *, count: int = 1) -> list[str]:
    """Says what an endpoint costs until it is deleted, a sentence each."""
    hour = estimate("hosting", instance, region, _HOUR_S, count)
    if hour.dollars is None:
        return [f"What it costs cannot be said: {hour.words}."]
    month = _money(hour.dollars * _MONTH_H)
    return [f"{hour.words}; {month} in a month of {_MONTH_H} hours, until it is deleted."]


def expected_seconds(hyperparameters: "Hyperparameters") -> float | None:
    """Returns how long a run would take on two cores; None where nothing like it was measured.

    Time is taken to grow with the iterations; a run with other batches or networks is not known.
    """
    from training.hyperparameters import ARCHITECTURE_DEFAULTS

    default = ARCHITECTURE_DEFAULTS["voices"]
    alike = (
        hyperparameters.architecture == "voices"
        and hyperparameters.batch_size == default.batch_size
        and hyperparameters.critic_updates == default.critic_updates
    )
    if not alike or hyperparameters.iterations is None:
        return None
    return _MEASURED_S * hyperparameters.iterations / default.iterations


def _money(dollars: float) -> str:
    return f"${dollars:.2f}" if dollars >= 0.1 else f"${dollars:.3f}"


@functools.cache
def _parse(text: str) -> dict[str, dict[str, PriceList]]:
    regions: dict[str, dict[str, Any]] = json.loads(text)["regions"]
    return {
        region: {
            kind: PriceList(
                str(found["date"]),
                str(found["source"]),
                {name: float(price) for name, price in found["hourly"].items()},
            )
            for kind, found in kinds.items()
        }
        for region, kinds in regions.items()
    }


def _read(path: Path) -> dict[str, dict[str, PriceList]]:
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LauncherError(
            "bad_prices",
            f"{path} is no list of prices: {error!r}.",
            "Delete it; `python -m launcher.prices --refresh` writes a new one.",
        ) from error
