"""SageMaker with real containers: what is created in the played account runs in Docker.

with played_sagemaker(aws, tmp_path, {"REPOSITORY:0.1.0": "accompanist:latest"}) as played:
    ...  # create_training_job now trains, create_endpoint now serves
"""

import threading
from contextlib import contextmanager

from tests.aws.kinds import ENDPOINT, TRAINING
from tests.aws.played_endpoint import PlayedEndpoint
from tests.aws.played_job import PlayedJob
from tests.aws.stored import write_log
from tests.aws.trainings import note_training_step
from tests.conformance.engine import PATIENCE_S


class PlayedSageMaker:
    """Runs jobs and endpoints of an account.

    Attributes:
        interruptions: how many times capacity shall still be taken away from jobs on spot, each
            time as soon as a new checkpoint has come to S3.
    """

    def __init__(self, aws, folder, images):
        self.aws = aws
        self.folder = folder
        self.interruptions = 0
        self._images = images
        self._running = {}  # ARN -> PlayedJob or PlayedEndpoint
        self._threads = []
        self._faults = []

    def image(self, name):
        """The image of this machine that plays one of a registry."""
        return self._images[name]

    def enter(self, kind, record, step):
        """Lets describes find something new from now on."""
        with self.aws.sagemaker.lock:
            record.enter(step)
            if kind is TRAINING:
                note_training_step(record, step)

    def log(self, kind, record, lines):
        write_log(kind, record, lines)

    def spawn(self, function, *arguments):
        """Calls a function in a thread; what it raises is raised again in the end."""

        def run():
            try:
                function(*arguments)
            except BaseException as error:  # the thread's last words
                self._faults.append(error)

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()
        return thread

    def on_created(self, kind, record):
        if kind is TRAINING:
            record.ahead.clear()
            job = self._running[record.arn] = PlayedJob(self, record)
            self.spawn(job.run)
        if kind is ENDPOINT:
            record.ahead.clear()
            endpoint = self._running.get(record.arn)
            if endpoint is None:
                endpoint = self._running[record.arn] = PlayedEndpoint(self, record)
            self.spawn(endpoint.serve, record.fields["EndpointConfigName"])

    def on_stopped(self, kind, record):
        """Stops a job, or deletes an endpoint, and says so."""
        running = self._running.get(record.arn)
        if running is None:
            return False
        if kind is ENDPOINT:
            del self._running[record.arn]
        self.spawn(running.stop)
        return True

    def on_invoked(self, name, headers, body):
        """Asks an endpoint's container."""
        record = self.aws.sagemaker.get(ENDPOINT, name)
        return self._running[record.arn].ask(headers, body)

    def wait(self, kind, name, *statuses):
        """Waits until a job or an endpoint is in one of some statuses; returns its record."""
        record = self.aws.sagemaker.get(kind, name)
        with record.changes:
            reached = record.changes.wait_for(lambda: record.status in statuses, PATIENCE_S)
        assert reached, record.status
        return record

    def end(self):
        for running in list(self._running.values()):
            running.stop()
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
        if self._faults:
            raise ExceptionGroup("while SageMaker was played", self._faults)


@contextmanager
def played_sagemaker(aws, folder, images):
    """Runs what is created in an account; stops all of it in the end.

    Args:
        aws: the account.
        folder: an empty one, for the volumes of the containers.
        images: what an image is called in requests, to its name on this machine.
    """
    played = PlayedSageMaker(aws, folder, images)
    aws.sagemaker.created = played.on_created
    aws.sagemaker.stopped = played.on_stopped
    aws.runtime.container = played.on_invoked
    try:
        yield played
    finally:
        played.end()
