"""The commands `setup` and `prices`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from launcher.commands import aws_options, command, echo_json
from launcher.console import next_command, shown_path, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from launcher.aws.options import AwsOptions
    from launcher.aws.prices import Kind, PriceList
    from launcher.aws.setup import Installation, Plan


@command("setup", has_root=False)
@click.option("--stack", default="accompanist", show_default=True, help="Its name.")
@click.option(
    "--source",
    metavar="ADDRESS",
    help="Where AWS CodeBuild finds this project: https://github.com/OWNER/NAME or "
    "s3://BUCKET/KEY.zip; source/accompanist.zip in the new bucket if never said.",
)
@click.option(
    "--run-days",
    type=click.IntRange(0),
    metavar="DAYS",
    help="Delete what a training job left after so many days; 0, never, if never said.",
)
@click.option("--dry-run", is_flag=True, help="Print the template and its parameters; do nothing.")
@aws_options()
def setup_command(
    stack: str,
    source: str | None,
    run_days: int | None,
    dry_run: bool,
    as_json: bool,
    aws: "AwsOptions | None",
) -> None:
    """Prepare an AWS account, or bring it up to date.

    Makes a CloudFormation stack: a bucket, a repository for the images, the role that jobs and
    endpoints have, a policy for those who use the launcher, and a CodeBuild project for the images.
    Writes their names to accompanist.toml in the working folder, beside what is set there.
    """
    from launcher.aws.setup import plan_setup, setup

    if dry_run:
        plan = plan_setup(stack=stack, options=aws, source=source, run_days=run_days)
        echo_json(plan.describe()) if as_json else _show_plan(plan)
        return

    def say(event: str) -> None:
        click.echo(event, err=as_json)

    made = setup(stack=stack, options=aws, source=source, run_days=run_days, on_event=say)
    echo_json(made.describe()) if as_json else _show(made)


@command("prices", has_root=False)
@click.option("--refresh", is_flag=True, help="Read them from AWS's price list, and keep them.")
@aws_options()
def prices_command(refresh: bool, as_json: bool, aws: "AwsOptions | None") -> None:
    """List what instances cost in a region, as far as that is known here.

    What AWS asks for changes: each list has its date. Training and hosting without these prices
    works as well; only what it will cost is not said.
    """
    from launcher.aws.price_list import prices

    region, lists = prices(options=aws, refresh=refresh)
    if as_json:
        echo_json({"region": region} | {kind: asdict(found) for kind, found in lists.items()})
    else:
        _show_prices(region, lists)


def _show_plan(plan: "Plan") -> None:
    click.echo(f"# Stack {plan.stack} in {plan.region or 'a region that is not said yet'}")
    for name, value in plan.parameters.items():
        click.echo(f"# {name}: {'as it was, else its default' if value is None else value}")
    click.echo(plan.template, nl=False)


def _show(made: "Installation") -> None:
    outputs = made.outputs
    registry = outputs["Image"].partition("/")[0]
    region, bucket = outputs["Region"], outputs["Bucket"]
    click.echo(f"\nWrote {shown_path(made.file.path)}; keep it with your project.")
    for key, value in made.file.kept.items():
        click.echo(f"It says {key} = {value!r}, which stays; delete the line to take what is new.")
    click.echo("Those who train and deploy need these policies attached:")
    for name in ("TrainingPolicy", "EndpointPolicy", "KeyPolicy"):
        if name in outputs:
            click.echo(f"  {outputs[name]}")
    click.echo(f"""
Next, bring the images there. With Docker on this machine:
  make image
  aws ecr get-login-password --region {region} \\
    | docker login --username AWS --password-stdin {registry}
  docker tag accompanist:latest {outputs["Image"]}
  docker tag accompanist:serve {outputs["ServeImage"]}
  docker push {outputs["Image"]}
  docker push {outputs["ServeImage"]}
Or let AWS build and test them, from what is committed here:
  git archive --format=zip --output=accompanist.zip HEAD
  aws s3 cp accompanist.zip s3://{bucket}/source/accompanist.zip
  aws codebuild start-build --region {region} --project-name {outputs.get("BuildProject")}
Then train:
  {next_command("train", "--instance", "ml.c5.4xlarge", root="runs")}""")


def _show_prices(region: str, lists: "Mapping[Kind, PriceList]") -> None:
    if not lists:
        click.echo(f"No prices are known in {region}.")
    else:
        instances = sorted({name for found in lists.values() for name in found.hourly})
        rows = [
            (name, *(_price(lists[kind].hourly.get(name)) for kind in lists)) for name in instances
        ]
        click.echo(f"US dollars an hour, on demand, in {region}:")
        click.echo(table(("INSTANCE", *(kind.upper() for kind in lists)), rows))
        for kind, found in lists.items():
            click.echo(f"{kind.capitalize()}: prices of {found.date}, {found.source}.")
    again = next_command("prices", "--region", region, "--refresh", root="runs")
    click.echo(f"Ask AWS for all of them: {again}")


def _price(hourly: float | None) -> str:
    return "" if hourly is None else f"{hourly:g}"
