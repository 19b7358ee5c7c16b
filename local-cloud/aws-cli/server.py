"""Runs the AWS CLI for client.py: loaded once, with the models of the services that scripts call, and forked into
processes that take one call after the other. Loading takes nine tenths of a call's time; a new process for each call
would take two fifths of the rest, since it copies all memory of this one that it writes to.

Listens on the Unix socket that it is given, and ends when standard input does.
"""

import array
import copy
import gc
import marshal
import os
import select
import signal
import socket
import sys
import threading

# Processes that stay without a call.
SPARE = 8
# Calls of a process, which leave it half a megabyte of garbage each.
CALLS = 50

# Looking for garbage would take a quarter of a call's time, and as much of loading.
gc.disable()


def serve(path: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(128)
    # Calls wait at the socket until it has loaded.
    print("listening", flush=True)
    client = Client()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Each with whether it is without a call.
    workers = {}
    while True:
        ready, _, _ = select.select([0, listener, *workers], [], [])
        if 0 in ready:
            return
        for worker in [each for each in workers if each in ready]:
            if is_done(worker) and sum(workers.values()) < SPARE:
                workers[worker] = True
            else:
                del workers[worker]
                worker.close()
        if listener in ready:
            connection, _ = listener.accept()
            free = next((each for each, is_free in workers.items() if is_free), None)
            worker = free or start_worker(client, [listener, connection, *workers])
            workers[worker] = False
            socket.send_fds(worker, [b"."], [connection.fileno()])
            connection.close()


def is_done(worker: socket.socket) -> bool:
    """Whether a process has made its call; otherwise it has ended."""
    try:
        return worker.recv(1) != b""
    except ConnectionResetError:
        return False


def start_worker(client: "Client", inherited: "list[socket.socket]") -> socket.socket:
    """Returns a socket that takes the connections of calls, and gives a byte after each."""
    ours, its = socket.socketpair()
    if os.fork() == 0:
        for each in [ours, *inherited]:
            each.close()
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for left in reversed(range(CALLS)):
                _, fds, _, _ = socket.recv_fds(its, 1, 1)
                if not fds or not answer(socket.socket(fileno=fds[0]), client) or left == 0:
                    break
                its.sendall(b".")
        finally:
            os._exit(0)
    its.close()
    return ours


class Client:
    """The AWS CLI, with a session of its own for each call."""

    def __init__(self):
        before = set(os.environ)
        from awscli import EnvironmentVariables
        from awscli.clidriver import create_clidriver
        from awscli.customizations.overridesslcommonname import SSL_COMMON_NAMES

        # Version 1 sends calls for queues past AWS_ENDPOINT_URL, as version 2 does not.
        SSL_COMMON_NAMES.clear()
        driver = create_clidriver()
        self.session = driver.session
        # Its own classes: moto has another version of Session.
        self.new_driver, new_session = type(driver), type(self.session)
        self.new_session = lambda handlers: new_session(EnvironmentVariables, handlers, include_builtin_handlers=False)
        for service in ("sts", "ssm", "ecs", "ecr", "logs"):
            # With credentials, or it would look for some.
            self.session.create_client(
                service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
            )
        share_handlers(type(self.session.get_component("event_emitter")))
        # The environment names the folder of its data.
        self.environment = {name: value for name, value in os.environ.items() if name not in before}

    def call(self, arguments: "list[str]") -> int:
        """Returns the call's exit status."""
        session = self.new_session(copy.copy(self.session.get_component("event_emitter")))
        session.register_component("data_loader", self.session.get_component("data_loader"))
        for name in ("user_agent_name", "user_agent_version", "user_agent_extra"):
            setattr(session, name, getattr(self.session, name))
        try:
            return self.new_driver(session=session).main(arguments) or 0
        except SystemExit as exit:
            return exit.code if isinstance(exit.code, int) else 255


def share_handlers(emitter: type) -> None:
    """Makes a copy of an emitter of events share what neither changes. A call makes two, of a thousand nodes with the
    handlers of events, and works out some eighty names of events: half of its time.
    """
    trie = sys.modules[emitter.__module__]._PrefixTrie

    def copied_emitter(self):
        twin = type(self)(copy.copy(self._emitter), self._event_aliases)
        twin._alias_name_cache = self._alias_name_cache
        return twin

    def copied_trie(self):
        twin = type(self)()
        twin._root = self._root
        return twin

    def own(node):
        return {**node, "children": {**node["children"]}, "values": copy.copy(node["values"])}

    def on_own_path(change):
        def changed(self, key, *rest, **others):
            node = self._root = own(self._root)
            for part in key.split("."):
                if part not in node["children"]:
                    break
                child = node["children"][part] = own(node["children"][part])
                node = child
            return change(self, key, *rest, **others)

        return changed

    emitter.__copy__ = copied_emitter
    trie.__copy__ = copied_trie
    trie.append_item = on_own_path(trie.append_item)
    trie.remove_item = on_own_path(trie.remove_item)


def answer(connection: socket.socket, client: Client) -> bool:
    """Makes the call of a connection. Returns whether this process can make another one."""
    call = receive(connection)
    answered = threading.Event()
    watch = threading.Thread(target=end_with, args=[connection, answered], daemon=True)
    watch.start()
    os.environ.clear()
    os.environ.update(call["environment"] | client.environment)
    # Nothing removes the log's handlers again.
    status, usable = 255, "--debug" not in call["arguments"]
    try:
        os.chdir(call["folder"])
        status = client.call(call["arguments"])
    except BaseException as error:
        usable = False
        print(f"aws: {error!r}", file=sys.stderr)
    usable = leave_streams() and usable
    answered.set()
    connection.sendall(bytes([status]))
    connection.shutdown(socket.SHUT_RD)
    watch.join()
    connection.close()
    return usable


def receive(connection: socket.socket) -> dict:
    """Takes the caller's standard streams, and returns its call, folder and environment."""
    fds = array.array("i")
    length, ancillary, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(3 * fds.itemsize))
    fds.frombytes(ancillary[0][2])
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
        os.close(fd)
    # Buffers of its own.
    sys.stdin, sys.stdout, sys.stderr = (
        open(fd, mode, closefd=False) for fd, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    with connection.makefile("rb") as stream:
        return marshal.loads(stream.read(int.from_bytes(length, "big")))


def leave_streams() -> bool:
    """Lets go of the caller's standard streams, which it reads until nobody holds them. Returns whether it got all."""
    complete = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            complete = False
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    os.close(nothing)
    return complete


def end_with(connection: socket.socket, answered: threading.Event) -> None:
    """Ends this process when its caller ends."""
    if connection.recv(1) == b"" and not answered.is_set():
        os._exit(255)


serve(sys.argv[1])
