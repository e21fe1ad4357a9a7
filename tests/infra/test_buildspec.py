"""buildspec.yml as it stands, with a registry on 127.0.0.1 in the place of Amazon ECR."""

import http.client
import json
import os
import shlex
import shutil
import socket
import subprocess
import time
from base64 import b64encode

import pytest
import yaml

from tests.conformance.engine import docker
from tests.test_project import PROJECT, ROOT

pytestmark = pytest.mark.docker

PASSWORD = "nobody knows"  # noqa: S105 (of a registry that lives for a minute)
# Made by `htpasswd -B`.
HASH = "AWS:$2b$04$abcdefghijklmnopqrstuuXZPAmPUBK4BpDM7CEerdzEUok8GUOx."
REGION = "eu-central-1"

AWS = f"""\
#!/bin/sh
if [ "$*" != "ecr get-login-password --region {REGION}" ]; then
  echo "No such command: aws $*" >&2
  exit 252
fi
"""

# What a tag may lead to. SageMaker takes no index of several platforms.
PLAIN = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)

# CodeBuild runs all commands in one shell. A phase ends with its first command that fails; after
# `build` that is so, `post_build` follows nevertheless (AWS CodeBuild User Guide, Build phase
# transitions).
SHELL = """\
export CODEBUILD_BUILD_SUCCEEDING=1
phase() {
  for command in "$@"; do
    echo "> $command"
    eval "$command" || { CODEBUILD_BUILD_SUCCEEDING=0; return 1; }
  done
}
"""


class Registry:
    """A registry that lets in who has the password.

    Attributes:
        address: such as `127.0.0.1:41231`.
    """

    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        (folder / "htpasswd").write_text(HASH)
        self._config = folder / "config.yml"
        self._config.write_text(
            json.dumps(
                {
                    "version": 0.1,
                    "log": {"level": "warn"},
                    "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
                    "http": {"addr": self.address},
                    "auth": {"htpasswd": {"realm": "ECR", "path": str(folder / "htpasswd")}},
                }
            )
        )
        self._log = folder / "log.txt"

    def __enter__(self):
        with self._log.open("wb") as log:
            command = ["docker-registry", "serve", self._config]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while self.tags("nothing") is None:
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(30)

    def tags(self, repository):
        """The tags that were pushed; None while nobody answers."""
        status, answer = self._ask(f"/v2/{repository}/tags/list")
        if status == 404:
            return []
        return sorted(json.loads(answer)["tags"]) if status == 200 else None

    def manifest(self, repository, tag):
        """The media type of what a tag leads to."""
        _, answer = self._ask(f"/v2/{repository}/manifests/{tag}")
        return json.loads(answer)["mediaType"]

    def _ask(self, path):
        password = b64encode(f"AWS:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {password}", "Accept": ", ".join(PLAIN + INDEXES)}
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    with Registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def repository(registry, request):
    """The address of a repository of the test's own; its images are removed in the end."""
    name = f"{registry.address}/{request.node.name.replace('_', '-')[:40]}"
    yield name
    remove_images(name)


def remove_images(repository):
    for tag in docker("images", "--format", "{{.Repository}}:{{.Tag}}", repository).split():
        docker("rmi", tag)


def identity(name):
    return docker("inspect", "--format", "{{.Id}}", name)


def build(repository, folder, test_command, password=PASSWORD):
    """Runs all phases in order, as CodeBuild does; returns the exit code and what was printed."""
    spec = yaml.safe_load((ROOT / "buildspec.yml").read_text())
    assert (spec["version"], spec["env"]["shell"]) == (0.2, "bash")
    run = {
        name: " ".join(["phase", *map(shlex.quote, spec["phases"][name]["commands"])])
        for name in ("pre_build", "build", "post_build")
    }
    script = f"{SHELL}\n{run['pre_build']} || exit 1\n{run['build']}\n{run['post_build']}\n"
    aws = folder / "bin" / "aws"
    aws.parent.mkdir()
    aws.write_text(f"{AWS}echo '{password}'\n")
    aws.chmod(0o755)
    environ = {
        **os.environ,
        **spec["env"]["variables"],
        "PATH": f"{aws.parent}:{os.environ['PATH']}",
        "DOCKER_CONFIG": str(folder / "config"),
        "AWS_DEFAULT_REGION": REGION,
        "CODEBUILD_BUILD_NUMBER": "7",
        "REPOSITORY": repository,
        "TEST_COMMAND": test_command,
    }
    done = subprocess.run(
        ["bash", "-c", f"{script} exit $((1 - CODEBUILD_BUILD_SUCCEEDING))"],  # noqa: S607
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_good_build_pushes_both_images_and_they_start(registry, repository, tmp_path):
    commit = subprocess.check_output(
        ["git", "rev-parse", "--short=12", "HEAD"],  # noqa: S607
        cwd=ROOT,
        text=True,
    ).strip()
    status, log = build(repository, tmp_path, f"touch '{tmp_path}/tests ran'")
    assert status == 0, log
    assert (tmp_path / "tests ran").exists()
    name, version = repository.partition("/")[2], PROJECT["version"]
    tags = [commit, f"{commit}-serve", version, f"{version}-serve"]
    assert registry.tags(name) == sorted(tags)
    assert {registry.manifest(name, tag) for tag in tags} <= set(PLAIN)
    pushed = {tag: identity(f"{repository}:{tag}") for tag in tags}
    assert len(set(pushed.values())) == 2
    remove_images(repository)
    for tag in (version, f"{version}-serve"):
        docker("--config", tmp_path / "config", "pull", f"{repository}:{tag}", timeout=600)
        assert identity(f"{repository}:{tag}") == pushed[tag]
        said = docker("run", "--rm", "--network=none", f"{repository}:{tag}", "--help")
        assert said.startswith("usage: python -m container ")


def test_a_build_that_fails_pushes_nothing(registry, repository, serve_image, tmp_path):
    for tag in ("latest", "serve"):  # so that there would be something to push
        docker("tag", serve_image, f"{repository}:{tag}")
    status, log = build(repository, tmp_path, "false")
    assert status == 1
    assert '> test "$CODEBUILD_BUILD_SUCCEEDING" = 1' in log.splitlines()[-1]
    assert registry.tags(repository.partition("/")[2]) == []


def test_without_the_password_nothing_is_built(repository, tmp_path):
    another = PASSWORD.upper()
    status, log = build(repository, tmp_path, f"touch '{tmp_path}/tests ran'", another)
    assert status == 1
    assert "401 Unauthorized" in log
    assert not (tmp_path / "tests ran").exists()
