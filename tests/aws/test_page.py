"""docs/aws.md leads from nothing to an endpoint: its first commands, as they stand, one by one."""

import shlex

import boto3
import pytest

from music.midi import read_midi
from tests.aws.fixtures import BUCKET, REGION, TRAINING, account_for_processes
from tests.aws.lives import DATA, SETTINGS, Place
from tests.aws.test_three_targets import SERVE_IMAGE, aws, played  # noqa: F401 (fixtures)
from tests.launcher.conftest import free_port
from tests.launcher.small_data import small_set
from tests.test_documents import FENCE, ROOT

pytestmark = pytest.mark.docker

# The page's job takes some minutes.
SHORT = {**SETTINGS, "iterations": "4"}
QUICKLY = ["--data", DATA, *(w for item in SHORT.items() for w in ("--set", "=".join(item)))]


def first_commands():
    """The words of each command of the launcher in the first block, after `launcher.`."""
    block = FENCE.findall((ROOT / "docs/aws.md").read_text(encoding="utf-8"))[0]
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    return [
        [words[2].removeprefix("launcher."), *words[3:]] for words in lines if words[0] == "python"
    ]


@pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")  # what moto's stacks lack
def test_the_first_commands_lead_to_a_song(aws, played, tmp_path):  # noqa: F811 (fixtures)
    boto3.client("s3", region_name=REGION).delete_bucket(Bucket=BUCKET)  # there is nothing yet
    small_set(tmp_path / DATA)
    with account_for_processes(aws) as environ:
        place = Place(tmp_path, environ, free_port())
        for command, *words in first_commands():
            place.run(command, *words, *(QUICKLY if command == "train" else []))
    assert SERVE_IMAGE in (tmp_path / "accompanist.toml").read_text()
    assert aws.sagemaker.names(TRAINING) == ["first"]
    assert len(read_midi((tmp_path / "song.mid").read_bytes()).tracks) == 4
