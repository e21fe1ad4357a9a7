"""SageMaker as moto 5.2.5 does not play it: requests kept whole, statuses that take their time.

moto completes every job at once, forgets half of a request, overwrites what exists, and can neither
stop nor update. So the actions below take the place of its own; what SageMaker would say of a fault
is said in its words. Everything else, S3 and CloudWatch's logs among it, stays moto's.
"""

import json
import re
import threading
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import AWSValidationException, ResourceInUseException
from moto.sagemaker.responses import SageMakerResponse

from tests.aws.kinds import (
    CONFIG,
    ENDPOINT,
    KINDS,
    MODEL,
    TRAINING,
    TRANSFORM,
    TUNING,
    arn_of,
    duplicate,
    list_field,
    missing,
    read_tags,
    running_variants,
    summary,
    without_empty,
    write_tags,
)
from tests.aws.lifecycles import Record, Step, script
from tests.aws.stored import write_log, write_object
from tests.aws.trainings import ENDED, note_training_step, output_folder

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class SageMaker:
    """All regions of one account, as long as a test takes.

    Attributes:
        scripts: of each kind of job, and of `Endpoint` and `UpdateEndpoint`: names, or `*`, to the
            steps that it takes.
        created: called with kind and record when something has been created or updated.
        stopped: called with kind and record when it shall stop; returns whether it takes care.
    """

    def __init__(self):
        self.lock = threading.RLock()
        self.records = {}  # (region, kind's word, name) -> Record
        self.tags = {}  # ARN -> {key: value}
        self.created = lambda *_: None
        self.stopped = lambda *_: False
        self.scripts = {
            "TrainingJob": {
                "*": script(["InProgress/Starting", "InProgress/Training", "Completed"])
            },
            "HyperParameterTuningJob": {"*": script(["InProgress", "Completed"])},
            "TransformJob": {"*": script(["InProgress", "Completed"])},
            "Endpoint": {"*": script(["Creating", "InService"])},
            "UpdateEndpoint": {"*": script(["Updating", "InService"])},
        }

    @contextmanager
    def playing(self):
        """Plays in moto's place, within this process."""
        with ExitStack() as stack:
            for action, answer in self._actions():

                def respond(response, answer=answer):
                    with self.lock:
                        return ActionResult(answer(response.region, json.loads(response.body)))

                name = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
                stack.enter_context(patch.object(SageMakerResponse, name, respond, create=True))
            yield self

    def get(self, kind, name, region="us-east-1"):
        """Returns the record of something, or None."""
        return self.records.get((region, kind.word, name))

    def names(self, kind, region="us-east-1"):
        return [name for where, word, name in self.records if (where, word) == (region, kind.word)]

    # ---------------------------------------------------------------- what can be asked

    def _actions(self):
        for kind in KINDS:
            for verb in ("Create", "Describe", "List", "Delete", "Stop"):
                act = getattr(self, f"_{verb.lower()}")
                action = verb + (kind.plural if verb == "List" else kind.word)
                yield action, lambda region, body, act=act, kind=kind: act(kind, region, body)
        yield "UpdateEndpoint", self._update_endpoint
        yield "ListTrainingJobsForHyperParameterTuningJob", self._list_trainings_of_tuning
        yield "AddTags", self._add_tags
        yield "ListTags", self._list_tags
        yield "DeleteTags", self._delete_tags

    def _create(self, kind, region, body):
        name = body[f"{kind.word}Name"]
        arn = arn_of(kind, region, name)
        if not _NAME.fullmatch(name):
            raise AWSValidationException(
                f"1 validation error detected: Value '{name}' at '{kind.word[0].lower()}"
                f"{kind.word[1:]}Name' failed to satisfy constraint: Member must satisfy regular "
                "expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
            )
        if self.get(kind, name, region):
            raise duplicate(kind, arn)
        self._check_references(kind, region, body)
        steps = self._steps(kind.word, name)
        record = Record(body, arn, steps[0] if steps else Step(""), steps)
        if kind is TRAINING:
            record.step = Step("InProgress", "Starting")
            record.fields["SecondaryStatusTransitions"] = []
        if kind is ENDPOINT:
            record.step = Step("Creating")
            record.fields["EndpointConfigName"] = body["EndpointConfigName"]
        self.records[region, kind.word, name] = record
        self.tags[arn] = read_tags(body)
        self.created(kind, record)
        return {f"{kind.word}Arn": arn}

    def _describe(self, kind, region, body):
        record = self._find(kind, region, body)
        self._advance(kind, region, record)
        if kind is ENDPOINT and record.status == "Deleting":
            del self.records[region, kind.word, record.request["EndpointName"]]
        said = {
            **record.request,
            f"{kind.word}Arn": record.arn,
            "CreationTime": record.created,
            "LastModifiedTime": record.changed,
            **record.fields,
        }
        if kind.status:
            said[kind.status] = record.status
        if kind is TRAINING:
            said["SecondaryStatus"] = record.step.secondary or record.status
        if kind is ENDPOINT:
            config = self.get(CONFIG, record.fields["EndpointConfigName"], region)
            said["ProductionVariants"] = running_variants(config)
        return without_empty(said)

    def _list(self, kind, region, body):
        records = [
            r
            for (where, word, _), r in self.records.items()
            if (where, word) == (region, kind.word)
        ]
        named = body.get("NameContains", "")
        wanted = body.get("StatusEquals")
        found = [
            summary(kind, record)
            for record in records
            if named.lower() in record.request[f"{kind.word}Name"].lower()
            and wanted in (None, record.status)
        ]
        order = body.get("SortOrder", "Descending" if kind.newest_first else "Ascending")
        if order == "Descending":
            found.reverse()
        first = int(body.get("NextToken", 0))
        last = first + body.get("MaxResults", 10)  # SageMaker's own, so that no page is forgotten
        page = {list_field(kind): found[first:last]}
        return page | ({"NextToken": str(last)} if last < len(found) else {})

    def _delete(self, kind, region, body):
        record = self._find(kind, region, body)
        if kind is ENDPOINT and record.status in ("Creating", "Updating", "RollingBack"):
            raise AWSValidationException(f'Cannot update in-progress endpoint "{record.arn}".')
        if kind in (TRAINING, TUNING) and record.status not in ENDED:
            raise ResourceInUseException(message=f"{record.arn} is in status {record.status}.")
        if kind is ENDPOINT:
            record.ahead.clear()
            record.ahead.append(Step("Deleting"))
            record.step = Step("Deleting")
        else:
            del self.records[region, kind.word, body[f"{kind.word}Name"]]
        self.stopped(kind, record)
        return {}

    def _stop(self, kind, region, body):
        record = self._find(kind, region, body)
        if record.status in ENDED:
            raise AWSValidationException(
                f"The request was rejected because the {kind.spoken.replace('-', ' ')} is in "
                f"status {record.status}."
            )
        if not self.stopped(kind, record):
            record.ahead.clear()
            record.ahead.extend(script(["Stopping", "Stopped"]))
        record.step = Step("Stopping")
        return {}

    def _update_endpoint(self, region, body):
        record = self._find(ENDPOINT, region, body)
        if record.status not in ("InService", "UpdateRollbackFailed", "Failed"):
            raise AWSValidationException(f'Cannot update in-progress endpoint "{record.arn}".')
        self._check_references(ENDPOINT, region, body)
        old = record.fields["EndpointConfigName"]
        record.fields.pop("FailureReason", None)
        record.fields["LastDeploymentConfig"] = body.get("DeploymentConfig")
        record.fields["EndpointConfigName"] = body["EndpointConfigName"]
        record.step = Step("Updating")
        record.ahead.clear()
        rolled_back = False
        for each in self._steps("UpdateEndpoint", body["EndpointName"]):
            rolled_back = rolled_back or each.status == "RollingBack"
            fields = {"EndpointConfigName": old} if rolled_back else {}
            record.ahead.append(
                Step(each.status, None, "", each.log, each.files, {**fields, **each.fields})
            )
        self.created(ENDPOINT, record)
        return {"EndpointArn": record.arn}

    def _list_trainings_of_tuning(self, region, body):
        record = self._find(TUNING, region, body)
        return {"TrainingJobSummaries": record.fields.get("Trainings", [])}

    def _add_tags(self, _region, body):
        tags = self.tags.setdefault(body["ResourceArn"], {})
        tags.update(read_tags(body))
        return {"Tags": write_tags(tags)}

    def _list_tags(self, _region, body):
        if body["ResourceArn"] not in self.tags:
            raise AWSValidationException(f"Could not find {body['ResourceArn']}")
        return {"Tags": write_tags(self.tags[body["ResourceArn"]])}

    def _delete_tags(self, _region, body):
        for key in body["TagKeys"]:
            self.tags.get(body["ResourceArn"], {}).pop(key, None)
        return {}

    # ---------------------------------------------------------------- what goes on behind

    def _steps(self, word, name):
        scripts = self.scripts.get(word, {})
        return scripts.get(name, scripts.get("*", ()))

    def _find(self, kind, region, body):
        name = body[f"{kind.word}Name"]
        record = self.get(kind, name, region)
        if record is None:
            raise missing(kind, arn_of(kind, region, name))
        return record

    def _check_references(self, kind, region, body):
        models = [each.get("ModelName") for each in body.get("ProductionVariants", [])]
        models += [body["ModelName"]] if kind is TRANSFORM else []
        for model in filter(None, models):
            if self.get(MODEL, model, region) is None:
                raise missing(MODEL, arn_of(MODEL, region, model))
        if kind is ENDPOINT and self.get(CONFIG, body["EndpointConfigName"], region) is None:
            raise missing(CONFIG, arn_of(CONFIG, region, body["EndpointConfigName"]))

    def _advance(self, kind, region, record):
        taken = record.advance()
        if taken is None:
            return
        if kind is TRAINING:
            note_training_step(record, taken)
        write_log(kind, record, taken.log, region)
        for name, content in taken.files.items():
            write_object(f"{output_folder(record)}/{name}", content)
