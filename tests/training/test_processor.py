import logging

import pytest

from training.processor import BFLOAT16, has_bfloat16, warn_if_slow


@pytest.mark.parametrize("flag", BFLOAT16)
def test_a_processor_without_its_instructions_is_told_of(tmp_path, caplog, flag):
    processor = tmp_path / "cpuinfo"
    with caplog.at_level(logging.WARNING, "training.processor"):
        processor.write_text(f"flags\t\t: fpu avx2 avx512f {flag} sha_ni\n")
        warn_if_slow("bfloat16", processor)
        processor.write_text(f"flags\t\t: fpu avx2 avx512f {flag}_not\n")
        warn_if_slow("float32", processor)
        assert not caplog.messages
        warn_if_slow("bfloat16", processor)
    (message,) = caplog.messages
    assert "no instructions for bfloat16 (amx_bf16 or avx512_bf16)" in message
    assert "`precision`" in message


def test_a_system_that_does_not_describe_its_processor_has_none(tmp_path):
    assert not has_bfloat16(tmp_path / "cpuinfo")
