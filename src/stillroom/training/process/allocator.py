"""Allocator: large blocks of memory go back to the system as soon as they are freed.

    tensor of 1 MiB or more ──mmap──> pages of its own ──freed──> the system

glibc raises its threshold for this to 32 MiB while a process runs. Activations then leave gaps on
its heap into which those of the next step do not fit. Measured with LoRA on a decoder of 30 million
parameters: 1.17 to 1.51 times the peak. The price is time in the kernel, so that only fits with
an adapter pay it: they are chosen to save memory.
"""

import ctypes
import os

THRESHOLD = 2**20  # bytes
M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
# With which a user sets it in the environment: mallopt(3), and the manual of glibc.
VARIABLE, TUNABLE = "MALLOC_MMAP_THRESHOLD_", "glibc.malloc.mmap_threshold"


def return_large_blocks() -> bool:
    """Let glibc return each large block when it is freed; tell whether it does.

    A threshold that the user has set in the environment stays. Other C libraries have no such call.
    """
    library = ctypes.CDLL(None)
    if VARIABLE in os.environ or TUNABLE in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    return hasattr(library, "mallopt") and library.mallopt(M_MMAP_THRESHOLD, THRESHOLD) == 1
