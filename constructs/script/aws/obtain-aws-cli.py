"""Obtains the AWS CLI 1 with pip, for scripts on a machine that has none, such as HCP Terraform's.

Usage: obtain-aws-cli.py REQUIREMENTS SECONDS

Prints the folder of an `aws` for PATH. Everything that is installed is listed in REQUIREMENTS with its hashes, and
goes into the caller's own folder: neither the system nor the user's Python is touched. Of several processes that
start at once, one installs, and the others wait for it. Exits with 1 and the reason when there is none after that
many seconds, or pip refuses. Needs Python 3.9.
"""

import fcntl
import hashlib
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile


def late(*_):
    raise TimeoutError


def run(*command):
    """Runs a program in a new session, so that everything it starts ends with it."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, output


def private_folder():
    """Creates the folder where it is kept: in the user's cache, or where that can't be written, in the shared one."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folders = [os.path.join(home, "anywhere"), os.path.join(tempfile.gettempdir(), f"anywhere-{os.getuid()}")]
    for folder in folders:
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            # Somebody else may have made it, to have us run their programs.
            if os.lstat(folder).st_uid == os.getuid() and not os.path.islink(folder) and os.access(folder, os.W_OK):
                os.chmod(folder, 0o700)
                return folder
        except OSError:
            continue
    sys.exit(f"no folder for it can be written: {' or '.join(folders)}")


def python_with_pip(scratch):
    """Returns a Python that has pip: this one, or else that of an environment which this one can make."""
    if run(sys.executable, "-m", "pip", "--version")[0] == 0:
        return sys.executable
    environment = os.path.join(scratch, "environment")
    status, output = run(sys.executable, "-m", "venv", environment)
    if status != 0:
        sys.exit(f"{sys.executable} has neither pip nor the means to make an environment with it (venv, ensurepip)")
    return os.path.join(environment, "bin", "python")


def install(requirements, target, final, scratch):
    status, output = run(
        python_with_pip(scratch),
        *("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-user"),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-warn-script-location"),
        *("--target", target, "--requirement", requirements),
    )
    if status != 0:
        lines = [line for line in output.splitlines() if line.startswith("ERROR")] or output.splitlines()[-1:]
        sys.exit("pip refuses: " + " ".join(" ".join(lines).split())[:600])
    # pip's own script there doesn't find packages in a separate folder.
    pathlib.Path(target, "start.py").write_text(
        "import sys\nfrom awscli.clidriver import main\nsys.exit(main())\n"
    )
    command = pathlib.Path(target, "bin", "aws")
    start = shlex.join([sys.executable, "-sE", os.path.join(final, "start.py")])
    command.write_text(f'#!/bin/sh\nexec {start} "$@"\n')
    command.chmod(0o755)


def main(requirements, seconds):
    signal.signal(signal.SIGALRM, late)
    signal.alarm(int(seconds))
    cache = private_folder()
    wanted = pathlib.Path(requirements).read_bytes() + sys.version.encode() + sys.executable.encode()
    final = os.path.join(cache, "aws-cli-" + hashlib.sha256(wanted).hexdigest()[:16])
    # Held until this process ends, however it does.
    lock = open(os.path.join(cache, "lock"), "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not os.path.isdir(final):
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            made = os.path.join(scratch, "made")
            install(requirements, made, final, scratch)
            # At once, so that nobody finds half of it.
            os.rename(made, final)
    print(os.path.join(final, "bin"))


try:
    main(*sys.argv[1:])
except TimeoutError:
    sys.exit(f"it took longer than {sys.argv[2]} seconds: is the package index within reach (PIP_INDEX_URL, a proxy)?")
except OSError as error:
    sys.exit(str(error))
