"""`python -m container train|serve`: what the image starts."""

from container.stop import hold_signals

if __name__ == "__main__":
    # Before anything else: a signal during the imports below would end the job with no trace.
    hold_signals()
    import os
    import sys

    from container import logs
    from container.start import main

    # What a job writes is read, moved and deleted by others, whoever it ran as.
    os.umask(0o002)
    logs.configure(os.environ)
    sys.exit(main(sys.argv[1:], os.environ))
