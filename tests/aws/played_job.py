"""A training job in a real container, as SageMaker runs one."""

import itertools
import json
import math
import re
import shutil
import stat
import subprocess
import tarfile
import threading
import time
from contextlib import suppress

from tests.aws.kinds import TRAINING
from tests.aws.lifecycles import step
from tests.aws.stored import delete_object, list_objects, read_object, write_file
from tests.aws.trainings import SPOT_SHARE, output_folder
from tests.conformance.engine import let_others_change, running, volume

STOP_S = 120  # between SIGTERM and SIGKILL
SYNC_S = 0.05  # between two looks at the checkpoints
FAILURE_LENGTH = 1024
HOST = "algo-1"
INTERRUPTED = None  # in the place of an exit code


class PlayedJob:
    """One job, until its end; interrupted, it begins anew in a fresh folder."""

    def __init__(self, played, record):
        self._played = played
        self._record = record
        self._request = record.request
        self._name = record.request["TrainingJobName"]
        self._image = played.image(self._request["AlgorithmSpecification"]["TrainingImage"])
        self._stopping = threading.Event()
        self._began = time.monotonic()
        self._lines = []

    def run(self):
        for attempt in itertools.count():
            base = self._played.folder / f"{self._name}-{attempt}"
            code = self._attempt(base)
            if code is not INTERRUPTED:
                break
            self._enter("InProgress/Interrupted")
        self._finish(base, code)

    def stop(self):
        self._stopping.set()

    # ---------------------------------------------------------------- one container

    def _attempt(self, base):
        """Runs one container to its end; returns its exit code, or `INTERRUPTED`."""
        self._enter("InProgress/Starting")
        self._enter("InProgress/Downloading")
        self._lay_out(base)
        checkpoints = CheckpointSync(self._checkpoint_uri(), base / "checkpoints")
        checkpoints.restore()
        self._enter("InProgress/Training")
        options = [
            volume(base, "/opt/ml", writable=True),
            "--network=none",
            "--shm-size=64m",
            f"--env=TRAINING_JOB_NAME={self._name}",
            f"--env=TRAINING_JOB_ARN={self._record.arn}",
            "--env=AWS_REGION=us-east-1",
            *(f"--env={key}={value}" for key, value in self._environment().items()),
        ]
        with running(self._image, "train", options=options) as container:
            follower = self._played.spawn(self._follow, container)
            code = self._watch(container, follower, checkpoints)
        let_others_change(self._image, base)
        return code

    def _watch(self, container, follower, checkpoints):
        """Syncs checkpoints until the container ends, or is ended."""
        end = time.monotonic() + self._request["StoppingCondition"]["MaxRuntimeInSeconds"]
        stop = None
        while follower.is_alive():
            saved = checkpoints.sync()
            if saved and self._played.interruptions > 0 and self._is_spot():
                self._played.interruptions -= 1
                container.signal("KILL")
                follower.join()
                return INTERRUPTED
            if time.monotonic() > end and not self._stopping.is_set():
                self._enter("Stopping/MaxRuntimeExceeded")
                self._stopping.set()
            if stop is None and self._stopping.is_set():
                stop = self._played.spawn(container.stop, STOP_S)
            follower.join(SYNC_S)
        checkpoints.sync()
        return container.wait()

    def _follow(self, container):
        """Passes the container's lines on to CloudWatch as they come."""
        words = ["docker", "logs", "--follow", container.name]
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as following:
            for line in following.stdout:
                self._lines.append(line.rstrip("\n"))
                self._played.log(TRAINING, self._record, [line.rstrip("\n")])

    # ---------------------------------------------------------------- what lies around it

    def _lay_out(self, base):
        """Makes the volume that will be /opt/ml."""
        for name in ("input/config", "input/data", "model", "output/data", "checkpoints"):
            (base / name).mkdir(parents=True)
        group = {"instance_group_name": "homogeneousCluster", "hosts": [HOST]}
        instance = self._request["ResourceConfig"]["InstanceType"]
        configuration = {
            "hyperparameters": self._request.get("HyperParameters", {}),
            "inputdataconfig": {
                channel["ChannelName"]: {
                    "TrainingInputMode": "File",
                    "S3DistributionType": "FullyReplicated",
                    "RecordWrapperType": "None",
                }
                for channel in self._request.get("InputDataConfig", [])
            },
            "resourceconfig": {
                "current_group_name": "homogeneousCluster",
                "current_host": HOST,
                "current_instance_type": instance,
                "hosts": [HOST],
                "instance_groups": [{**group, "instance_type": instance}],
                "network_interface_name": "eth0",
                "topology": None,
            },
        }
        if "CheckpointConfig" in self._request:
            configuration["checkpointconfig"] = {"LocalPath": "/opt/ml/checkpoints"}
        for name, content in configuration.items():
            (base / "input" / "config" / f"{name}.json").write_text(json.dumps(content))
        for channel in self._request.get("InputDataConfig", []):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            download(uri, base / "input" / "data" / channel["ChannelName"])

    def _environment(self):
        return self._request.get("Environment", {})

    def _is_spot(self):
        return self._request.get("EnableManagedSpotTraining", False)

    def _checkpoint_uri(self):
        return self._request.get("CheckpointConfig", {}).get("S3Uri")

    # ---------------------------------------------------------------- the end

    def _finish(self, base, code):
        self._enter("Stopping/Uploading" if self._stopping.is_set() else "InProgress/Uploading")
        if self._request["OutputDataConfig"].get("CompressionType", "GZIP") != "GZIP":
            raise NotImplementedError("Only archives are played.")
        for folder, name in (("model", "model"), ("output/data", "output")):
            self._upload(base / folder, f"{output_folder(self._record)}/{name}.tar.gz")
        seconds = math.ceil(time.monotonic() - self._began)
        billed = math.ceil(seconds * SPOT_SHARE) if self._is_spot() else seconds
        fields = {
            "TrainingTimeInSeconds": seconds,
            "BillableTimeInSeconds": billed,
            "FinalMetricDataList": self._metrics(),
        }
        if code:
            failure = base / "output" / "failure"
            told = failure.read_text(errors="replace") if failure.is_file() else ""
            reason = f"AlgorithmError: {told or 'no message'}, exit code: {code}"
            self._enter("Failed", FailureReason=reason[:FAILURE_LENGTH], **fields)
        elif self._stopping.is_set():
            exceeded = self._record.fields["SecondaryStatusTransitions"][-2]["Status"]
            words = "Stopped"
            if exceeded == "MaxRuntimeExceeded":
                words = f"Stopped/{exceeded}"
            self._enter(words, **fields)
        else:
            self._enter("Completed", **fields)
        shutil.rmtree(base)

    def _upload(self, folder, uri):
        packed = folder.with_name(f"{folder.name}.tar.gz")
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(folder, arcname=".")
        write_file(uri, packed)

    def _metrics(self):
        """The last value of each metric that the request defines."""
        found = []
        for definition in self._request["AlgorithmSpecification"].get("MetricDefinitions", []):
            pattern = re.compile(definition["Regex"])
            values = [match[1] for line in self._lines if (match := pattern.search(line))]
            if values:
                value = {"MetricName": definition["Name"], "Value": float(values[-1])}
                found.append({**value, "Timestamp": time.time()})
        return found

    def _enter(self, words, **fields):
        self._played.enter(TRAINING, self._record, step(words, **fields))


class CheckpointSync:
    """Keeps a folder in S3: what comes and goes there does so here, though not the other way."""

    def __init__(self, uri, folder):
        self._uri = uri
        self._folder = folder
        self._seen = {}  # name -> what told this version from others

    def restore(self):
        """Brings to the folder what lies in S3; what comes there later stays there."""
        if self._uri is not None:
            download(self._uri, self._folder)
            self._seen = self._look()

    def sync(self):
        """Brings to S3 what is new; returns whether a checkpoint is."""
        if self._uri is None:
            return False
        there = self._look()
        for name in self._seen.keys() - there.keys():
            delete_object(f"{self._uri}{name}")
        new = [name for name in there if there[name] != self._seen.get(name)]
        for name in new:
            with suppress(FileNotFoundError):  # it may be gone again
                write_file(f"{self._uri}{name}", self._folder / name)
        self._seen = there
        return any(not name.startswith("draft-") for name in new)

    def _look(self):
        found = {}
        for path in self._folder.rglob("*"):
            with suppress(FileNotFoundError):
                about = path.stat()
                if not stat.S_ISREG(about.st_mode):
                    continue
                version = (about.st_ino, about.st_mtime_ns, about.st_size)
                found[str(path.relative_to(self._folder))] = version
        return found


def download(prefix, folder):
    """Brings all objects below a prefix to a folder, as a channel in file mode has them."""
    folder.mkdir(parents=True, exist_ok=True)
    found = list_objects(prefix)
    for uri in found:
        name = uri.removeprefix(prefix).lstrip("/") or uri.rpartition("/")[2]
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read_object(uri))
    return found
