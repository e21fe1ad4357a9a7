"""What `local-docker` says where something is missing, before anything is made."""

import json
import shutil

import pytest

from launcher.layout import lay_out, phrases_file
from tests.launcher.command_line import run_here
from tests.launcher.test_records import a_job

ENGINE = "version) echo 20.10.24;;"
COMPOSE = "compose) echo Docker Compose version v2.27.1;;"
IMAGE = "image) echo sha256:1;;"
OLD_COMPOSE = "compose) echo docker-compose version 1.29.2;;"
DENIED = "version) echo Got permission denied while trying to connect >&2; exit 1;;"


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder of programs, the only one on the path."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def write_program(path, *answers):
    """Writes one that answers its first word, and fails at words that it does not know."""
    path.write_text(
        f'#!{shutil.which("sh", path="/bin")}\ncase "$1" in {" ".join(answers)} *) exit 1;; esac\n'
    )
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("answers", "code", "message", "cure"),
    [
        (None, "no_docker", "Docker is not installed.", "docs.docker.com/engine/install"),
        ([COMPOSE, IMAGE], "no_engine", "The Docker engine does not run.", "systemctl start"),
        ([DENIED], "no_engine", "You may not use the Docker engine.", "usermod -aG docker"),
        ([ENGINE, IMAGE], "no_compose", "Docker Compose is not installed.", "/compose/install"),
        (
            [ENGINE, OLD_COMPOSE],
            "no_compose",
            "Docker Compose is not installed.",
            "--instance local",
        ),
        (
            [ENGINE, COMPOSE],
            "no_image",
            "There is no Docker image",
            "`make image`, or name another",
        ),
    ],
)
@pytest.mark.parametrize("command", ["train", "deploy"])
def test_what_is_missing_is_told_first(tmp_path, programs, command, answers, code, message, cure):
    if answers is not None:
        write_program(programs / "docker", *answers)
    root = tmp_path / "runs"
    done = run_here(command, "--instance", "local-docker", "--json", root=root)
    assert done.returncode == 1
    fault = json.loads(done.stdout)
    assert fault["error"] == code
    assert fault["message"].startswith(message)
    assert cure in fault["hint"]
    assert not root.exists()


@pytest.mark.parametrize(
    ("words", "image"),
    [
        (("train",), "accompanist:latest"),
        (("deploy",), "accompanist:serve"),
        (("train", "--image", "my/own:1"), "my/own:1"),
        (("deploy", "--image", "my/own:1"), "my/own:1"),
    ],
)
def test_the_image_that_is_missing_is_named(tmp_path, programs, words, image):
    write_program(programs / "docker", ENGINE, COMPOSE)
    done = run_here(*words, "--instance", "local-docker", root=tmp_path / "runs")
    assert f"There is no Docker image {image} on this machine." in done.stderr


def test_the_old_compose_will_do(tmp_path, programs):
    write_program(programs / "docker", ENGINE)
    write_program(programs / "docker-compose")
    done = run_here("train", "--instance", "local-docker", root=tmp_path / "runs")
    assert "There is no Docker image" in done.stderr


def test_an_image_is_for_containers_only(tmp_path):
    for command in ("train", "deploy"):
        done = run_here(command, "--image", "my/own:1", root=tmp_path / "runs")
        assert "The target local runs no image. Leave --image out" in done.stderr


def test_a_job_in_a_container_cannot_be_resumed(tmp_path, programs, data):
    folder = tmp_path / "runs" / "ended"
    lay_out(folder, "local-docker", {})
    shutil.copy(data, phrases_file(folder))
    a_job(folder, status="Stopped", instance="local-docker", image="accompanist:latest")
    done = run_here("train", "--resume", "ended", root=tmp_path / "runs")
    assert "The job ended cannot go on: SageMaker's local mode keeps no checkpoints." in done.stderr
    assert "Start a new job" in done.stderr


def test_a_job_can_be_deleted_where_docker_is_no_more(tmp_path, programs):
    (tmp_path / "runs").mkdir()
    job = a_job(tmp_path / "runs" / "ended", status="Completed", image="accompanist:latest")
    done = run_here("delete", "ended", root=tmp_path / "runs")
    assert done.stdout == "Deleted the job ended.\n"
    assert not job.folder.exists()
