"""The allocator, in processes of their own: whether glibc maps a large block on its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "src"
# A freed block raises glibc's threshold, so that it puts a second one of that size on its heap.
CODE = """
import ctypes, sys
from stillroom.training.process.allocator import return_large_blocks

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "a b c mapped e f g h i j".split()]

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes, libc.mallinfo2.restype = [ctypes.c_void_p], Info
answer = return_large_blocks() if sys.argv[1] == "set" else None
libc.free(libc.malloc(2**24))
before = libc.mallinfo2().mapped
libc.malloc(int(sys.argv[2]))
print(answer, libc.mallinfo2().mapped - before)
"""
USERS = {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=33554432"}


@pytest.mark.parametrize(
    ("what", "size", "chosen", "expected"),
    [
        ("not set", 2**23, {}, "None 0"),
        ("set", 2**23, {}, "True 1"),
        ("set", 2**20, {}, "True 1"),
        ("set", 2**19, {}, "True 0"),
        ("set", 2**23, {"MALLOC_MMAP_THRESHOLD_": "33554432"}, "False 0"),
        ("set", 2**23, USERS, "False 0"),
    ],
)
def test_large_blocks_are_mapped_unless_the_user_has_set_a_threshold(
    what: str, size: int, chosen: dict[str, str], expected: str
) -> None:
    command = [sys.executable, "-c", CODE, what, str(size)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **chosen}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
