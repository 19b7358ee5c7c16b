"""Makes the virtual environment of the local cloud.

Usage: make-environment.py FOLDER REQUIREMENTS STAMP

The folder is complete when its file `stamp` holds STAMP, which is written last. Runs one at a time
(a lock beside the folder, released by the kernel when its holder dies), and ends, leaving nothing,
when standard input does: a caller that has died can't use the result.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import venv
from pathlib import Path


def end_with_caller() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def build(folder: Path, requirements: Path, stamp: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    venv.EnvBuilder(with_pip=True).create(folder)
    install = [folder / "bin/python", "-m", "pip", "install", "--no-input", "--requirement", requirements]
    with subprocess.Popen(install, stdout=sys.stderr) as pip:
        try:
            status = pip.wait()
        except BaseException:
            pip.kill()
            raise
    if status != 0:
        raise SystemExit(f"pip ended with status {status}")
    (folder / "stamp").write_text(stamp)


def main(folder: Path, requirements: Path, stamp: str) -> None:
    threading.Thread(target=end_with_caller, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("interrupted"))
    signal.signal(signal.SIGINT, lambda number, frame: sys.exit("interrupted"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "stamp"
        if done.exists() and done.read_text() == stamp:
            return
        try:
            build(folder, requirements, stamp)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
