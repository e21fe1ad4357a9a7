"""What this machine's processor has instructions for."""

import logging
from pathlib import Path

# Of x86. Without them TensorFlow 2.21 needs twice as long as in float32 where there is AVX-512, and
# twelve times as long where it has nothing but its own loops.
BFLOAT16 = ("amx_bf16", "avx512_bf16")
PROCESSOR = Path("/proc/cpuinfo")

logger = logging.getLogger(__name__)


def has_bfloat16(processor: Path = PROCESSOR) -> bool:
    """Whether it multiplies bfloat16, by Linux's description of it."""
    return processor.exists() and not set(BFLOAT16).isdisjoint(processor.read_text().split())


def warn_if_slow(precision: str, processor: Path = PROCESSOR) -> None:
    """Says so if it is slower in `precision`, `float32` or `bfloat16`, than in float32."""
    if precision == "bfloat16" and not has_bfloat16(processor):
        logger.warning(
            "This processor has no instructions for bfloat16 (%s), so training takes two to twelve "
            "times as long as in float32. Leave `precision` at float32, or train on a machine that "
            "has them, such as ml.c7i.",
            " or ".join(BFLOAT16),
        )
