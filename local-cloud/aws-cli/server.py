"""Runs the AWS CLI for client.py: loaded once, with the models of the services that scripts call, and forked for each
call, since loading takes nine tenths of its time.

Listens on the Unix socket that it is given, and ends when standard input does.
"""

import array
import gc
import marshal
import os
import select
import signal
import socket
import sys
import threading


def serve(path: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(128)
    # Calls wait at the socket until it has loaded.
    print("listening", flush=True)
    before = set(os.environ)
    driver = load()
    # Its environment names the folder of its data.
    own = {name: value for name, value in os.environ.items() if name not in before}
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([0, listener], [], [])
        if 0 in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            answer(connection, driver, own)
        connection.close()


def load() -> "CLIDriver":
    from awscli.clidriver import create_clidriver
    from awscli.customizations.overridesslcommonname import SSL_COMMON_NAMES

    # Version 1 sends calls for queues past AWS_ENDPOINT_URL, as version 2 does not.
    SSL_COMMON_NAMES.clear()
    driver = create_clidriver()
    services = driver.create_help_command().command_table
    for service in ("sts", "ssm", "ecs", "ecr", "logs"):
        operations = services[service].create_help_command().command_table
        for operation in operations.values():
            getattr(operation, "arg_table", None)  # is made when it is first read; waiters have none
        # With credentials, or it would look for some.
        driver.session.create_client(
            service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
    # Calls share this memory, and end before they have allocated much themselves.
    gc.freeze()
    gc.disable()
    return driver


def answer(connection: socket.socket, driver: "CLIDriver", own: dict) -> None:
    status = 255
    try:
        call = receive(connection)
        threading.Thread(target=end_with, args=[connection], daemon=True).start()
        os.chdir(call["folder"])
        os.environ.clear()
        os.environ.update(call["environment"] | own)
        # The loaded configuration is this process's, not the caller's.
        driver.session._config = driver.session._profile_map = None
        status = driver.main(call["arguments"])
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else 255
    except BaseException as error:
        print(f"aws: {error!r}", file=sys.stderr)
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                pass
        connection.sendall(bytes([status or 0]))
        os._exit(0)


def receive(connection: socket.socket) -> dict:
    """Takes the caller's standard streams, and returns its call, folder and environment."""
    fds = array.array("i")
    length, ancillary, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(3 * fds.itemsize))
    fds.frombytes(ancillary[0][2])
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
        os.close(fd)
    with connection.makefile("rb") as stream:
        return marshal.loads(stream.read(int.from_bytes(length, "big")))


def end_with(connection: socket.socket) -> None:
    """Ends this process when its caller ends."""
    if connection.recv(1) == b"":
        os._exit(255)


serve(sys.argv[1])
