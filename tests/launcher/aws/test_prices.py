import json

import boto3
import pytest
from botocore.stub import Stubber

from launcher.aws import price_list, prices
from launcher.aws.connection import Connection
from launcher.aws.prices import estimate, hosting_costs, training_costs
from launcher.errors import LauncherError
from training.hyperparameters import Hyperparameters

DEFAULT = Hyperparameters.from_strings({})


@pytest.fixture(autouse=True)
def own_prices(tmp_path, monkeypatch):
    """Where the user's own prices would lie."""
    path = tmp_path / "own" / "prices.json"
    monkeypatch.setattr(prices, "user_file", lambda: path)
    monkeypatch.setattr(price_list, "user_file", lambda: path)
    return path


def write_own(path, *, kind="training", region="us-east-1", **hourly):
    path.parent.mkdir(exist_ok=True)
    prices = {"date": "2027-01-31", "source": "a test", "hourly": hourly}
    path.write_text(json.dumps({"currency": "USD", "regions": {region: {kind: prices}}}))


def test_the_cards_instance_has_its_price_with_date_and_place():
    found = estimate("training", "ml.c5.4xlarge", "us-east-1", 5400, count=2)
    assert found.dollars == pytest.approx(0.816 * 1.5 * 2)
    assert found.words == (
        "$2.45 for 1 h 30 min of 2 x ml.c5.4xlarge at $0.816 an hour "
        "(on demand, us-east-1, prices of 2026-09-25)"
    )


@pytest.mark.parametrize(
    ("kind", "instance", "region"),
    [
        ("training", "ml.c5.4xlarge", "eu-central-1"),
        ("training", "ml.imagined.xlarge", "us-east-1"),
        ("hosting", "ml.c5.12xlarge", "us-east-1"),
        ("training", "ml.c5.4xlarge", None),
    ],
)
def test_what_has_no_known_price_gets_words_and_no_number(kind, instance, region):
    found = estimate(kind, instance, region, 3600)
    assert found.dollars is None
    assert "$" not in found.words
    assert f"no price is known of {kind} on {instance} in " in found.words
    if region:
        assert f"`python -m launcher.prices --region {region} --refresh`" in found.words


def test_every_shipped_list_says_its_date_and_source():
    content = json.loads(prices.SHIPPED.read_text())
    for kinds in content["regions"].values():
        for listed in kinds.values():
            assert listed["date"].startswith("2026-")
            assert "AWS Price List" in listed["source"]
            assert all(0.01 < price < 40 for price in listed["hourly"].values())


def test_a_training_job_has_an_upper_bound_and_an_expectation():
    most, likely = training_costs(
        "ml.c5.4xlarge", "us-east-1", max_runtime=3600, hyperparameters=DEFAULT
    )
    assert most.startswith("At most $0.82 for 1 h 00 min of 1 x ml.c5.4xlarge")
    assert likely.startswith("About $0.068 is likely: 5 min 00 s,")  # 0.816 * 5 / 60
    assert "two cores" in likely


def test_the_expectation_grows_with_the_iterations():
    longer = DEFAULT.model_copy(update={"iterations": 3000})
    _, likely = training_costs(
        "ml.c5.4xlarge", "us-east-1", max_runtime=3600, hyperparameters=longer
    )
    assert likely.startswith("About $0.14 is likely: 10 min 00 s,")


@pytest.mark.parametrize(
    "change", [{"architecture": "unet"}, {"batch_size": "48"}, {"epochs": "3"}]
)
def test_nothing_is_expected_of_a_run_that_was_never_measured(change):
    other = Hyperparameters.from_strings(change)
    said = training_costs("ml.c5.4xlarge", "us-east-1", max_runtime=3600, hyperparameters=other)
    assert len(said) == 1


def test_a_run_that_would_be_stopped_too_early_is_told():
    said = training_costs("ml.c5.4xlarge", "us-east-1", max_runtime=270, hyperparameters=DEFAULT)
    assert "may be stopped before its end" in said[-1]


def test_spare_capacity_is_cheaper_by_nobody_knows_what():
    said = training_costs("ml.c5.4xlarge", "us-east-1", max_runtime=3600, spot=True)
    assert said[-1] == "On spare capacity up to 90 % less; how much less cannot be predicted."


def test_an_endpoint_costs_by_the_hour_and_the_month():
    (said,) = hosting_costs("ml.m5.large", "us-east-1", count=2)
    assert said.startswith("$0.23 for 1 h 00 min of 2 x ml.m5.large at $0.115 an hour (on demand, ")
    assert said.endswith("; $167.90 in a month of 730 hours, until it is deleted.")


def test_where_no_price_is_known_no_cost_is_said():
    (training,) = training_costs("ml.c5.4xlarge", "eu-west-3", max_runtime=60)
    (hosting,) = hosting_costs("ml.m5.large", "eu-west-3")
    for said in (training, hosting):
        assert said.startswith("What it costs cannot be said: no price is known of ")


def test_the_users_own_prices_count_before_ours(own_prices):
    write_own(own_prices, **{"ml.c5.4xlarge": 1.0})
    assert estimate("training", "ml.c5.4xlarge", "us-east-1", 3600).dollars == 1.0
    assert estimate("hosting", "ml.c5.4xlarge", "us-east-1", 3600).dollars == 0.816


@pytest.mark.parametrize("content", ["{", "[]", '{"regions": {"us-east-1": {"training": {}}}}'])
def test_a_damaged_file_of_the_user_is_named(own_prices, content):
    own_prices.parent.mkdir()
    own_prices.write_text(content)
    with pytest.raises(LauncherError, match=r"own/prices.json is no list of prices: .* Delete it"):
        estimate("training", "ml.c5.4xlarge", "us-east-1", 3600)


def product(instance, *dollars, unit="Hrs"):
    """An entry of AWS's price list, as far as it is read."""
    terms = {
        f"T{place}": {
            "priceDimensions": {"D": {"unit": unit, "pricePerUnit": {"USD": f"{price:.10f}"}}}
        }
        for place, price in enumerate(dollars)
    }
    attributes = {"instanceName": instance, "regionCode": "eu-central-1"}
    return json.dumps({"product": {"attributes": attributes}, "terms": {"OnDemand": terms}})


@pytest.fixture
def listed(monkeypatch):
    """AWS's price list; expects exactly what is queued."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody's")
    client = boto3.client("pricing", region_name="us-east-1")
    monkeypatch.setattr(Connection, "client", lambda *_: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def queue(listed, use, *products, then=None, after=None):
    filters = {
        "productFamily": "ML Instance",
        "regionCode": "eu-central-1",
        "platoinstancetype": use,
    }
    asked = {
        "ServiceCode": "AmazonSageMaker",
        "Filters": [
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in filters.items()
        ],
    }
    more = {"NextToken": then} if then else {}
    asked |= {"NextToken": after} if after else {}
    listed.add_response("get_products", {"PriceList": list(products), **more}, asked)


def test_a_refresh_reads_every_page_and_keeps_other_regions(listed, own_prices):
    write_own(own_prices, region="us-west-2", **{"ml.c5.4xlarge": 0.9})
    queue(listed, "Training", product("ml.c5.4xlarge", 0.93, 0.931), then="more")
    queue(listed, "Training", product("ml.c5.xlarge", 0.23), product("", 9.9), after="more")
    queue(listed, "Hosting", product("ml.m5.large", 0.138), product("ml.x.large", 1, unit="GB"))
    price_list.read_price_list("eu-central-1")
    assert estimate("training", "ml.c5.4xlarge", "eu-central-1", 3600).dollars == 0.931
    assert estimate("training", "ml.c5.xlarge", "eu-central-1", 3600).dollars == 0.23
    assert estimate("hosting", "ml.m5.large", "eu-central-1", 3600).dollars == 0.138
    assert estimate("hosting", "ml.x.large", "eu-central-1", 3600).dollars is None
    assert estimate("training", "ml.c5.4xlarge", "us-west-2", 3600).dollars == 0.9


def test_a_region_that_the_list_does_not_know_changes_nothing(listed, own_prices):
    queue(listed, "Training")
    with pytest.raises(LauncherError, match="nothing of SageMaker training in eu-central-1"):
        price_list.read_price_list("eu-central-1")
    assert not own_prices.exists()


def test_a_refused_refresh_is_told(listed, own_prices):
    listed.add_client_error("get_products", "AccessDeniedException", "not authorized")
    with pytest.raises(LauncherError, match="Could not read AWS's price list: not authorized"):
        price_list.read_price_list("eu-central-1")
    assert not own_prices.exists()
