"""Hands a call of the AWS CLI to server.py, at the Unix socket that is the first argument, with its standard streams.

Imports what is built into the interpreter alone: scripts make many calls, and `socket`, `signal` and `json` take twice
as long to load as all the rest takes.
"""

import _signal
import _socket
import marshal
import os
import sys

_signal.signal(_signal.SIGINT, _signal.SIG_DFL)
connection = _socket.socket(_socket.AF_UNIX)
try:
    connection.connect(sys.argv[1])
    call = {"arguments": sys.argv[2:], "environment": dict(os.environ), "folder": os.getcwd()}
    message = marshal.dumps(call)
    streams = b"".join(stream.to_bytes(4, sys.byteorder) for stream in (0, 1, 2))
    rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
    connection.sendmsg([len(message).to_bytes(8, "big")], rights)
    connection.sendall(message)
    status = connection.recv(1)
except OSError:
    status = b""
if not status:
    print("aws: the local cloud has ended", file=sys.stderr)
sys.exit(status[0] if status else 255)
