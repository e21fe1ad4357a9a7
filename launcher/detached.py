"""Becomes a command that nobody waits for: `detached.py LOG COMMAND...` prints its number.

Run as a file, in a process of its own: forking is safe here, because there are no threads.
"""

import os
import sys


def main(log: str, command: list[str]) -> None:
    """Forks; the parent prints the child's number and ends, the child becomes the command."""
    pid = os.fork()
    if pid:
        sys.stdout.write(f"{pid}\n")
        return
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)
    except OSError as error:
        os.write(2, f"{command[0]} cannot be started: {error.strerror}.\n".encode())
    os._exit(127)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
