"""Which numbers this processor is fast in."""

from pathlib import Path


def has_bfloat16():
    """True where the processor multiplies bfloat16 itself."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags
