"""What to do when a training job has failed: hints for the reasons that SageMaker gives."""

import re

# The first expression that is found in a reason counts. A process that a signal ended has the exit
# code 128 and the signal's number.
_HINTS: tuple[tuple[str, str], ...] = (
    (
        r"exit code:? 137|OutOfMemory|out of memory",
        "Its memory was too small, or it was killed: take a larger --instance, or a smaller "
        "`batch_size`.",
    ),
    (
        r"exit code:? 132",
        "The image uses instructions that this --instance does not have: build it for plain "
        "x86-64, as the Dockerfile does.",
    ),
    (r"exit code:? 139", "Native code broke: try another --instance, and look at the log's end."),
    (
        r"No space left on device",
        "The disk was full: give a larger --volume-gb, or fewer `keep_checkpoints`.",
    ),
    (
        r"(?i)ecr|docker image|image manifest|pull",
        "Check that --image is there, in this region, and that the role may pull it.",
    ),
    (
        r"(?i)exec format|executable file not found|permission denied: unknown",
        "The image could not be started: build it with `make image` for linux/amd64.",
    ),
    (
        r"(?i)access ?denied|not authorized|forbidden",
        "The role may not do this: `python -m launcher.setup` makes one that may.",
    ),
    (
        r"CapacityError|insufficient capacity|Unable to provision",
        "AWS has no such machine free: try later, another --instance or --region, or leave --spot "
        "out.",
    ),
    (
        r"InternalServerError|internal error|We encountered an internal",
        "The fault was AWS's own: start it again, with --retries 3 it is repeated by itself.",
    ),
    (
        r"(?i)no such (key|bucket)|NoSuchKey|NoSuchBucket|S3DataSource|No objects? found",
        "Check that the data set is where --data says, in the region of the job.",
    ),
)


def hint_for(reason: str) -> str | None:
    """Returns a sentence that says what may help; None where only the log tells more."""
    for expression, hint in _HINTS:
        if re.search(expression, reason):
            return hint
    return None
