"""An AWS account that is played, see `tests/aws/fixtures.py`."""

from tests.aws.fixtures import aws, aws_environ

__all__ = ["aws", "aws_environ"]
