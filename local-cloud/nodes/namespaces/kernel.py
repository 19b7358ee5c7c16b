"""System calls that Python doesn't have."""

import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
