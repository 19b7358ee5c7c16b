"""Is started by Terraform in place of a provider: front.py PROVIDER SCHEMA. Asks the relay of the local cloud, at the Unix
socket that LOCAL_CLOUD_PROVIDER_RELAY names, to serve it, and ends when the relay hangs up; without a relay it becomes
the provider itself.

Imports what is built into the interpreter alone, since Terraform starts each provider three or four times a command.
"""

import _signal
import _socket
import os
import sys

provider, schema = sys.argv[1:]
connection = _socket.socket(_socket.AF_UNIX)
try:
    connection.connect(os.environ.get("LOCAL_CLOUD_PROVIDER_RELAY", ""))
except OSError:
    os.execv(provider, [provider])

# Ctrl-C reaches all processes of a terminal, and Terraform asks its providers itself to stop.
_signal.signal(_signal.SIGINT, _signal.SIG_IGN)
variables = [name + b"=" + value for name, value in os.environb.items()]
message = b"\0".join([os.fsencode(provider), os.fsencode(schema), os.getcwdb(), *variables])
connection.sendall(len(message).to_bytes(4, "big") + message)

# Its first line is for Terraform, and all that follows is the provider's log.
received = b""
while b"\n" not in received:
    part = connection.recv(65536)
    if not part:
        sys.exit("the relay of the local cloud has ended")
    received += part
line, received = received.split(b"\n", 1)
os.write(1, line + b"\n")
while True:
    while received:
        received = received[os.write(2, received) :]
    received = connection.recv(65536)
    if not received:
        break
