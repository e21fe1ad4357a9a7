"""What `train` is asked for, checked and completed before anything is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.datasets import (
    BACH,
    DataSet,
    FolderOptions,
    Progress,
    check_folder_options,
    find_data_set,
    is_in_s3,
    load_data_set,
)
from launcher.folders import ROOT
from launcher.names import check_name, generate_name
from launcher.request import TrainingRequest
from launcher.settings import check_settings, encode_values, suit
from launcher.targets import LOCAL, refuse_aws, target_for

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions
    from launcher.aws.preview import Preview
    from launcher.protocols import Jobs


def plan(
    *,
    instance: str = LOCAL,
    data: str | Path = BACH,
    hyperparameters: Mapping[str, object] | None = None,
    name: str | None = None,
    tags: Sequence[str] = (),
    melody: int | str | None = None,
    accompany: Sequence[int | str] = (),
    pickup: float | None = None,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
) -> TrainingRequest:
    """Checks what `train` is asked for, and makes nothing.

    Args:
        instance: where to train.
        data: `bach`, the path of a phrases.npz, or a folder of MIDI files; in AWS, an S3 URI, too.
        hyperparameters: values by name; the others keep their defaults.
        name: of the job; made from the data's name and the time where it is None.
        tags: of a folder, only the files of these tags.
        melody: of a folder, the track that is the melody, as for `data`; so are the next two.
        accompany: the tracks that accompany.
        pickup: beats before the first whole bar of files that do not tell of it.
        root: the folder of the jobs.
        aws: what is to be known of AWS.

    Raises:
        LauncherError: for the first of instance, hyperparameters, name and data that is wrong; all
            faults of the hyperparameters together, and all that AWS would refuse.
    """
    refuse_aws(instance, aws)
    jobs = target_for(instance, root, aws).jobs
    jobs.check()
    strings = encode_values(hyperparameters or {})
    jobs.check_request(name, str(data), strings)
    checked = check_settings(strings)
    file = _find(str(data), jobs)
    folder = FolderOptions(tuple(tags), melody, tuple(accompany), pickup)
    check_folder_options(file, folder)
    if name is None:
        base = BACH if file is None else file.resolve().stem
        name = generate_name(str(data) if is_in_s3(str(data)) else base, datetime.now())
    check_name(name)
    return TrainingRequest(name, instance, str(data), strings, checked.iterations, folder)


def preview(
    request: TrainingRequest,
    *,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
    progress: Progress | None = None,
    tell: Callable[[str], object] | None = None,
) -> "Preview | None":
    """Says what AWS would be asked for, and what it would cost; asks nothing.

    Args:
        request: what `plan` has returned.
        root: the folder of the jobs.
        aws: what is to be known of AWS.
        progress: called with (done, all) while the data set is built.
        tell: called with each sentence that the user should know of the data.

    Returns:
        None where the request itself says all.
    """
    jobs = target_for(request.instance, root, aws).jobs
    return jobs.preview(lambda: load_request(request, progress, tell))


def _find(data: str, jobs: "Jobs") -> Path | None:
    """Returns the data set's path; None for one that is not of this machine."""
    return None if is_in_s3(data) and jobs.reads_s3 else find_data_set(data)


def load_request(
    request: TrainingRequest,
    progress: Progress | None,
    tell: Callable[[str], object] | None,
) -> tuple[TrainingRequest, DataSet]:
    """Loads a data set, and completes its request with architecture and iterations."""
    if is_in_s3(request.data):
        return request, DataSet(request.data, None, None)
    data = load_data_set(request.data, progress, folder=request.folder)
    if tell is not None:
        for note in data.notes:
            tell(note)
    if data.phrases is None:
        return request, data
    strings = suit(request.hyperparameters, data.phrases)
    iterations = check_settings(strings).iterations_for(len(data.phrases.part("train")))
    return replace(request, hyperparameters=strings, iterations=iterations), data
