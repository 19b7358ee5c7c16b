"""Hands a call of the AWS CLI to server.py, at the Unix socket that is the first argument, with its standard streams."""

import json
import os
import signal
import socket
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
connection = socket.socket(socket.AF_UNIX)
try:
    connection.connect(sys.argv[1])
    call = {"arguments": sys.argv[2:], "environment": dict(os.environ), "folder": os.getcwd()}
    message = json.dumps(call).encode()
    socket.send_fds(connection, [len(message).to_bytes(8, "big")], [0, 1, 2])
    connection.sendall(message)
    status = connection.recv(1)
except OSError:
    status = b""
if not status:
    print("aws: the local cloud has ended", file=sys.stderr)
sys.exit(status[0] if status else 255)
