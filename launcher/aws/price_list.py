"""Reads AWS's own price list, for regions and instances that `prices.json` does not know."""

import datetime
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from launcher.aws.connection import connect, told
from launcher.aws.options import AwsOptions, find_options
from launcher.aws.prices import KINDS, Kind, PriceList, find_prices, user_file
from launcher.drafts import write_whole
from launcher.errors import LauncherError

# The Price List API answers in few regions, for all of them.
_REGION = "us-east-1"
_SERVICE = "AmazonSageMaker"


def prices(
    *, options: AwsOptions | None = None, refresh: bool = False
) -> tuple[str, dict[Kind, PriceList]]:
    """Returns what instances cost in a region, as far as it is known here.

    Args:
        options: region and profile, if not from the environment or `accompanist.toml`.
        refresh: whether AWS is asked first.

    Returns:
        The region, us-east-1 if none is said, and its lists by kind.

    Raises:
        LauncherError: `bad_prices` if the user's file cannot be read, or as `read_price_list` says.
    """
    found = find_options(options, None, os.environ, Path.cwd())
    region = found.region or _REGION
    if refresh:
        read_price_list(region, profile=found.profile)
    lists = {kind: find_prices(kind, region) for kind in KINDS}
    return region, {kind: listed for kind, listed in lists.items() if listed}


def read_price_list(region: str, *, profile: str | None = None, path: Path | None = None) -> Path:
    """Writes what AWS asks for training and hosting in a region to the user's own prices.

    Args:
        region: whose prices.
        profile: of AWS's configuration files.
        path: of the file; other regions in it stay.

    Returns:
        The file.

    Raises:
        LauncherError: `no_prices` if AWS has none for the region, or as `connection.told` says.
    """
    client = connect(_REGION, profile).client("pricing")
    path = path or user_file()
    found: dict[str, Any] = {}
    for kind in KINDS:
        with told("read AWS's price list"):
            hourly = _hourly(_products(client, kind.capitalize(), region))
        if not hourly:
            raise LauncherError(
                "no_prices",
                f"AWS's price list has nothing of SageMaker {kind} in {region}.",
                "Check how the region is written, as in eu-central-1.",
            )
        found[kind] = {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "source": f"AWS Price List API, {_SERVICE}",
            "hourly": dict(sorted(hourly.items())),
        }
    _store(path, region, found)
    return path


def _products(client: Any, use: str, region: str) -> Iterable[Mapping[str, Any]]:
    """Yields the price list's entries of one use, `Training` or `Hosting`."""
    wanted = {"productFamily": "ML Instance", "regionCode": region, "platoinstancetype": use}
    pages = client.get_paginator("get_products").paginate(
        ServiceCode=_SERVICE,
        Filters=[
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in wanted.items()
        ],
    )
    for page in pages:
        for text in page["PriceList"]:
            yield json.loads(text)


def _hourly(products: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Returns the price of each instance; of two the higher, for an estimate is no promise."""
    hourly: dict[str, float] = {}
    for product in products:
        instance = str(product["product"]["attributes"].get("instanceName", ""))
        for term in product.get("terms", {}).get("OnDemand", {}).values():
            for dimension in term["priceDimensions"].values():
                price = float(dimension["pricePerUnit"].get("USD", 0))
                if instance.startswith("ml.") and dimension["unit"] == "Hrs" and price > 0:
                    hourly[instance] = max(price, hourly.get(instance, 0.0))
    return hourly


def _store(path: Path, region: str, found: Mapping[str, Any]) -> None:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["regions"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        known = {}  # what cannot be read is written anew
    content = {"currency": "USD", "regions": {**known, region: found}}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f"{json.dumps(content, indent=2)}\n".encode())
