"""A machine's network and root directory."""

import os

from mounts import MS_BIND, bind, enter, make_devices, make_processes, mount
from network import make_machine_network


def make_machine(machine):
    make_machine_network(machine["hostname"], machine.get("privateIp"))
    root = machine["disk"]
    mount(root, root, flags=MS_BIND)
    make_devices(root)
    make_processes(root, read_only=True)
    mount("tmpfs", f"{root}/run", "tmpfs", options="mode=755")
    mount("tmpfs", f"{root}/tmp", "tmpfs", options="mode=1777")
    os.makedirs(f"{root}/run/systemd/system")
    make_all_memory_available(root)
    for each in machine["binds"]:
        bind(each["source"], root + each["target"], each["mode"] == "ro")
    enter(root)


def make_all_memory_available(root):
    """All of this computer's memory counts as free: the machine hasn't filled it."""
    with open("/proc/meminfo") as text:
        sizes = dict(line.split(":", 1) for line in text)
    sizes["MemAvailable"] = sizes["MemTotal"]
    with open(f"{root}/run/meminfo", "w") as text:
        text.writelines(f"{name}:{size}" for name, size in sizes.items())
    bind(f"{root}/run/meminfo", f"{root}/proc/meminfo", True)
