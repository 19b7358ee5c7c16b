"""What only system calls can do for machines and their containers: networks, root directories, users.

Usage: namespaces.py machine HOSTNAME IP  loopback and bridge of the network namespace that it is called in, and its
                                          private address with a prefix, or nothing
       namespaces.py run                  a container; file descriptor 3 gives what to run as a line of JSON, is told the
                                          first process's id, its user or what went wrong, and closes when the program runs
"""

import ctypes, grp, json, os, pwd, signal, socket, struct, sys

libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
MS_REC, MS_PRIVATE = 1 << 14, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 23, 24, 38
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

BRIDGE, GATEWAY, METADATA = "docker0", "172.17.0.1", "169.254.170.2"


def check(result, what):
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


class Routing:
    """Requests to the kernel about the network namespace that this was made in. Source: rtnetlink(7)."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)

    def request(self, kind, body, create=True):
        flags = 5 | (0x600 if create else 0)
        self.socket.send(struct.pack("IHHII", 16 + len(body), kind, flags, 1, 0) + body)
        (code,) = struct.unpack_from("i", self.socket.recv(65536), 16)
        if code != 0:
            raise OSError(-code, f"network request {kind}: {os.strerror(-code)}")

    def link(self, *attributes):
        """Makes an interface that is up."""
        self.request(16, link_header(up=True) + b"".join(attributes))

    def up(self, name):
        self.request(16, link_header(up=True) + attribute(3, name.encode() + b"\0"), create=False)

    def address(self, interface, address, prefix):
        packed = socket.inet_aton(address)
        body = struct.pack("BBBBI", socket.AF_INET, prefix, 0, 0, socket.if_nametoindex(interface))
        self.request(20, body + attribute(1, packed) + attribute(2, packed))

    def default_route(self, gateway):
        body = struct.pack("BBBBBBBBI", socket.AF_INET, 0, 0, 0, 254, 3, 0, 1, 0)
        self.request(24, body + attribute(5, socket.inet_aton(gateway)))


def attribute(kind, data):
    length = 4 + len(data)
    return struct.pack("HH", length, kind) + data + b"\0" * (-length % 4)


def link_header(up=False):
    return struct.pack("BxHiII", 0, 0, 0, int(up), int(up))


def hardware_address(address):
    """Of an interface with this address, always the same, so that no cached one is ever wrong."""
    return attribute(1, b"\x02\x42" + socket.inet_aton(address))


def link_kind(name, data=b""):
    return attribute(18, attribute(1, name) + (attribute(2, data) if data else b""))


def make_machine_network(hostname, private_ip):
    """Also where the agent's metadata are found, as on a real instance, and all of the private network, so that the
    supervisor can listen on any address of it."""
    socket.sethostname(hostname)
    routing = Routing()
    routing.up("lo")
    routing.address("lo", METADATA, 32)
    if private_ip:
        address, prefix = private_ip.split("/")
        routing.address("lo", address, int(prefix))
    routing.link(attribute(3, BRIDGE.encode() + b"\0"), hardware_address(GATEWAY), link_kind(b"bridge"))
    routing.address(BRIDGE, GATEWAY, 16)
    try:
        # As Docker does; so a container fails at once if there is no way out. Where this isn't allowed, it waits.
        with open("/proc/sys/net/ipv4/ip_forward", "w") as setting:
            setting.write("1")
    except OSError:
        pass


def make_container_network(address):
    """A network namespace with a cable to the machine's bridge; without an address, with loopback only."""
    machine, bridge = Routing(), socket.if_nametoindex(BRIDGE)
    check(libc.unshare(CLONE_NEWNET), "unshare")
    here = Routing()
    here.up("lo")
    if address is None:
        return
    namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
    peer = (
        link_header()
        + attribute(3, b"eth0\0")
        + hardware_address(address)
        + attribute(28, struct.pack("I", namespace))
    )
    name = "veth" + socket.inet_aton(address).hex()
    machine.link(
        attribute(3, name.encode() + b"\0"),
        attribute(10, struct.pack("I", bridge)),
        link_kind(b"veth", attribute(1, peer)),
    )
    os.close(namespace)
    here.up("eth0")
    here.address("eth0", address, 16)
    here.default_route(GATEWAY)


def mount(source, target, kind=None, flags=0, options=None):
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, options)]
    check(libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), f"mount {target}")


def make_read_only(target):
    """A mount's existing restrictions must be repeated if it came from another user namespace."""
    now = os.statvfs(target).f_flag
    mount(None, target, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | (now & 0xC0E) | ((now & 4096) << 9))


def bind(source, target, read_only):
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "w").close()
    mount(source, target, flags=MS_BIND | MS_REC)
    if read_only:
        make_read_only(target)


def make_devices(root):
    os.makedirs(f"{root}/dev", exist_ok=True)
    mount("tmpfs", f"{root}/dev", "tmpfs", MS_NOSUID, "mode=755,size=65536k")
    for device in ("null", "zero", "full", "random", "urandom", "tty"):
        bind(f"/dev/{device}", f"{root}/dev/{device}", False)
    for link, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{root}/dev/{link}")
    os.mkdir(f"{root}/dev/shm")
    mount("tmpfs", f"{root}/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k")


def make_processes(root, network):
    os.makedirs(f"{root}/proc", exist_ok=True)
    try:
        mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except PermissionError:
        # Where parts of /proc are masked, a new one is forbidden.
        mount("/proc", f"{root}/proc", flags=MS_BIND | MS_REC)
        return
    if network != "host":
        # As Docker does, so that every user may listen on every port.
        with open(f"{root}/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as setting:
            setting.write("0")
    bind(f"{root}/proc/sys", f"{root}/proc/sys", True)


def make_root(container):
    root = container["root"]
    mount(root, root, flags=MS_BIND)
    make_devices(root)
    make_processes(root, container["network"])
    for each in container["binds"]:
        bind(each["source"], root + each["target"], each["readOnly"])
    for each in container["tmpfs"]:
        os.makedirs(root + each["target"], exist_ok=True)
        flags = MS_NOSUID | MS_NODEV | (0 if each["executable"] else MS_NOEXEC)
        mount("tmpfs", root + each["target"], "tmpfs", flags, each["options"])
    os.chdir(root)
    check(libc.syscall(PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount2")
    os.chdir("/")
    if container["readOnlyRoot"]:
        make_read_only("/")


def has_other_users():
    with open("/proc/self/uid_map") as text:
        return [line.split()[2] for line in text] != ["1"]


def find_user(wanted):
    """Ids of `user[:group]`, in names or numbers, and home, as Docker finds them in the container's own files."""
    name, _, group = wanted.partition(":")
    entries = pwd.getpwall()
    known = next((each for each in entries if name in (each.pw_name, str(each.pw_uid))), None)
    if known is None and not name.isdigit():
        raise LookupError(f"unable to find user {name}: no matching entries in passwd file")
    uid = int(name) if known is None else known.pw_uid
    gid = 0 if known is None else known.pw_gid
    if group:
        found = next((each for each in grp.getgrall() if group in (each.gr_name, str(each.gr_gid))), None)
        if found is None and not group.isdigit():
            raise LookupError(f"unable to find group {group}: no matching entries in group file")
        gid = int(group) if found is None else found.gr_gid
    return uid, gid, "/" if known is None else known.pw_dir


def become(container, control):
    """Drops privileges that the container's programs may not have, and becomes its user, if there is more than one."""
    uid, gid, home = find_user(container["user"])
    control.send(f"user {uid if has_other_users() else 0} {gid if has_other_users() else 0} {home}\n".encode())
    kept = set(container["capabilities"])
    capability = 0
    while (held := libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0)) >= 0:
        if held and capability not in kept:
            check(libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "prctl")
        capability += 1
    if has_other_users():
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    if container["noNewPrivileges"]:
        check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    return {"HOME": home, **container["environment"]}


def execute(container, control):
    environment = become(container, control)
    os.chdir(container["directory"])
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    program, *_ = words = container["command"]
    # Not execvpe, which loads a module that isn't in the container.
    folders = [""] if "/" in program else environment.get("PATH", "").split(":")
    for path in (f"{folder}/{program}" if folder else program for folder in folders):
        if os.path.isfile(path):
            os.execve(path, words, environment)
    raise FileNotFoundError(f'exec: "{program}": executable file not found in $PATH')


def status_of(child, stop=None):
    """Waits for a child, reaping others and forwarding signals, and returns its exit code as a shell reports it."""
    while True:
        if stop is not None and (received := signal.sigwait(stop)) != signal.SIGCHLD:
            os.kill(child, received)
            continue
        while (ended := os.waitpid(-1 if stop else child, os.WNOHANG if stop else 0))[0] not in (0, child):
            pass
        if ended[0] == child:
            return os.waitstatus_to_exitcode(ended[1]) if os.WIFEXITED(ended[1]) else 128 + os.WTERMSIG(ended[1])


def run():
    control = socket.socket(fileno=3)
    control.set_inheritable(False)
    with control.makefile("r") as lines:
        container = json.loads(lines.readline())
    check(libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC), "unshare")
    first = os.fork()
    if first != 0:
        control.send(f"pid {first}\n".encode())
        control.close()
        sys.exit(status_of(first))
    try:
        check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
        mount(None, "/", flags=MS_REC | MS_PRIVATE)
        if container["network"] != "host":
            make_container_network(container["address"])
            socket.sethostname(container["hostname"])
        make_root(container)
        if not container["initProcess"]:
            execute(container, control)
        everything = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
        signal.pthread_sigmask(signal.SIG_BLOCK, everything)
        child = os.fork()
        if child == 0:
            execute(container, control)
        control.close()
        sys.exit(status_of(child, everything))
    except (OSError, LookupError) as error:
        control.send(f"failed {error.args[-1] if error.args else error}\n".encode())
        sys.exit(127)


if __name__ == "__main__":
    if sys.argv[1] == "machine":
        make_machine_network(*sys.argv[2:])
    else:
        run()
