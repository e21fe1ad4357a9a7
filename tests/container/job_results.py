"""What a training job must have printed and left, whatever ran it."""

import re
import stat

from music.manifest import Manifest
from training.metric_lines import METRIC_DEFINITIONS, parse_line


def check_metrics(lines):
    """Holds the metric definitions against what a job has printed; returns its iterations."""
    read = [values for line in lines if (values := parse_line(line))]
    for name, regex in METRIC_DEFINITIONS:
        found = [float(text) for line in lines for text in re.findall(regex, line)]
        assert found == [values[name] for values in read if name in values]
    return sorted({int(values["iteration"]) for values in read})


def check_model(paths, seed):
    """Holds the model folder against its manifest, which vouches for every file."""
    manifest = Manifest.read(paths.model)
    files = [path for path in paths.model.rglob("*") if not path.is_dir()]
    assert all(stat.S_ISREG(path.lstat().st_mode) for path in files)
    found = {path.relative_to(paths.model).as_posix() for path in files}
    assert found == {*manifest.files, "manifest.json"}
    assert manifest.hyperparameters["seed"] == seed
    return manifest
