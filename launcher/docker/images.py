"""The images that `make image` builds, by name, and where none can be named."""

from launcher.errors import LauncherError

TRAINING_IMAGE = "accompanist:latest"
SERVING_IMAGE = "accompanist:serve"


def refuse_image(image: str | None) -> None:
    """Refuses an image where a process of this machine plays it.

    Raises:
        LauncherError: `bad_options`.
    """
    if image is not None:
        raise LauncherError(
            "bad_options",
            "The target local runs no image.",
            "Leave --image out, or add `--instance local-docker`.",
        )
