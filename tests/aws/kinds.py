"""What SageMaker has: kinds of resources, and the words in which it speaks of them."""

from moto.sagemaker.exceptions import AWSValidationException, ResourceInUseException
from moto.sagemaker.exceptions import ResourceNotFound as ResourceNotFoundException

ACCOUNT = "123456789012"


class Kind:
    """One kind of resource, with the words that SageMaker has for it."""

    def __init__(self, word, arn, plural=None, status=None, spoken=None, newest_first=True):
        self.word = word  # of actions: Create<word>
        self.arn_word = arn
        self.plural = plural or f"{word}s"
        self.status = status  # the field
        self.spoken = spoken or arn
        self.newest_first = newest_first  # the order of lists that ask for none


TRAINING = Kind("TrainingJob", "training-job", status="TrainingJobStatus", newest_first=False)
MODEL = Kind("Model", "model")
CONFIG = Kind("EndpointConfig", "endpoint-config", spoken="endpoint configuration")
ENDPOINT = Kind("Endpoint", "endpoint", status="EndpointStatus")
TUNING = Kind(
    "HyperParameterTuningJob",
    "hyper-parameter-tuning-job",
    status="HyperParameterTuningJobStatus",
)
TRANSFORM = Kind("TransformJob", "transform-job", status="TransformJobStatus")
KINDS = (TRAINING, MODEL, CONFIG, ENDPOINT, TUNING, TRANSFORM)


def arn_of(kind, region, name):
    return f"arn:aws:sagemaker:{region}:{ACCOUNT}:{kind.arn_word}/{name}"


def missing(kind, arn):
    if kind is TUNING:
        return ResourceNotFoundException(message=f"Amazon SageMaker can't find {arn}.")
    if kind in (TRAINING, TRANSFORM):
        return AWSValidationException("Requested resource not found.")
    return AWSValidationException(f'Could not find {kind.spoken} "{arn}".')


def duplicate(kind, arn):
    if kind in (MODEL, CONFIG, ENDPOINT):
        return AWSValidationException(f'Cannot create already existing {kind.spoken} "{arn}".')
    return ResourceInUseException(
        message="Job name must be unique within an AWS account and region, and a job with this "
        f"name already exists ({arn})"
    )


def read_tags(body):
    return {each["Key"]: each["Value"] for each in body.get("Tags", [])}


def write_tags(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def summary(kind, record):
    said = {
        f"{kind.word}Name": record.request[f"{kind.word}Name"],
        f"{kind.word}Arn": record.arn,
        "CreationTime": record.created,
        "LastModifiedTime": record.changed,
    }
    if kind.status:
        said[kind.status] = record.status
    if kind is TRAINING:
        said["SecondaryStatus"] = record.step.secondary or record.status
        said["TrainingEndTime"] = record.fields.get("TrainingEndTime")
    return without_empty(said)


def list_field(kind):
    return kind.plural if kind in (MODEL, CONFIG, ENDPOINT) else f"{kind.word}Summaries"


def running_variants(config):
    """The variants of an endpoint as they run, which is not how they were asked for."""
    if config is None:  # it may be deleted before its endpoint
        return []
    said = []
    for variant in config.request["ProductionVariants"]:
        count = variant.get("InitialInstanceCount")
        said.append(
            {
                "VariantName": variant["VariantName"],
                "CurrentWeight": 1.0,
                "DesiredWeight": 1.0,
                "CurrentInstanceCount": count,
                "DesiredInstanceCount": count,
                "CurrentServerlessConfig": variant.get("ServerlessConfig"),
            }
        )
    return said


def without_empty(said):
    """SageMaker leaves away what was not said, as its SDK's classes demand."""
    if isinstance(said, dict):
        kept = {key: without_empty(value) for key, value in said.items() if key != "Tags"}
        return {key: value for key, value in kept.items() if value not in (None, {}, [])}
    return [without_empty(each) for each in said] if isinstance(said, list) else said
