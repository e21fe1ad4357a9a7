"""An AWS account that is played, see `tests/aws/fixtures.py`."""

import pytest

from tests.aws.fixtures import aws, aws_environ

__all__ = ["aws", "aws_environ"]


@pytest.fixture(autouse=True)
def no_prices_of_the_users(monkeypatch, tmp_path):
    """Leaves the prices that the project ships: those of a user's own file would count first."""
    monkeypatch.setattr("launcher.aws.prices.user_file", lambda: tmp_path / "no prices")
