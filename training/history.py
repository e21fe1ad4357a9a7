"""The metric history of a run: rows in memory and in checkpoints, `metrics.jsonl`, TensorBoard.

Rows hold nothing of the clock, so that a resumed run's history equals an undisturbed one's.
"""

import json
from pathlib import Path

import tensorflow as tf

FILE_NAME = "metrics.jsonl"
Row = dict[str, float]


class History:
    """The rows so far.

    Args:
        folder: gets `metrics.jsonl` and `tensorboard/`.
        rows: of the run that is resumed; the file is written anew with them, because it may
            hold rows from after the checkpoint.
    """

    def __init__(self, folder: Path, rows: list[Row]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.rows = list(rows)
        self._later: list[Row] | None = None
        self._path = folder / FILE_NAME
        draft = folder / f"draft-{FILE_NAME}"
        draft.write_text("".join(_line(row) for row in rows))
        draft.replace(self._path)
        events = folder / "tensorboard"
        events.mkdir(exist_ok=True)  # TensorFlow lets no group change the folders that it makes
        self._events = tf.summary.create_file_writer(str(events))

    def add(self, row: Row) -> None:
        """Appends one row; it must hold `iteration`."""
        if self._later is None:
            self._write(row)
        else:
            self._later.append(row)

    def leave_room(self) -> None:
        """Lets the rows that are added from now on wait for one that comes before them."""
        self._later = []

    def fill_in(self, row: Row) -> None:
        """Appends the row that room was left for, and then those that wait."""
        later, self._later = self._later or [], None
        for each in (row, *later):
            self._write(each)

    def _write(self, row: Row) -> None:
        self.rows.append(row)
        with self._path.open("a") as file:
            file.write(_line(row))
        with self._events.as_default(step=int(row["iteration"])):
            for name, value in row.items():
                if name != "iteration":
                    tf.summary.scalar(name, value)
        self._events.flush()


def _line(row: Row) -> str:
    return json.dumps(row) + "\n"
