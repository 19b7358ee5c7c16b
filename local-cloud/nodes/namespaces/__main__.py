"""What only system calls can do for machines and their containers: networks, root directories, users.

Usage: namespaces machine MACHINE  makes a machine of the namespaces that it is called in: a JSON object with its
                                   hostname, its privateIp with a prefix or nothing, its disk, and binds
       namespaces container        a container; file descriptor 3 gives what to run as a line of JSON, is told the
                                   first process's id, its user or what went wrong, and closes when the program runs
"""

import json, sys

if sys.argv[1] == "machine":
    from machine import make_machine

    make_machine(json.loads(sys.argv[2]))
else:
    from container import run

    run()
