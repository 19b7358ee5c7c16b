"""A container's namespaces, root directory, user and first process."""

import grp, json, os, pwd, signal, socket, sys

from kernel import check, libc
from mounts import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_REC
from mounts import bind, enter, make_devices, make_processes, make_read_only, mount
from network import make_container_network

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x04000000, 0x08000000, 0x20000000
PR_SET_PDEATHSIG, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 23, 24, 38


def restrict_settings(root, network):
    """Of the kernel, which others share."""
    if network != "host":
        # As Docker does, so that every user may listen on every port.
        with open(f"{root}/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as setting:
            setting.write("0")
    bind(f"{root}/proc/sys", f"{root}/proc/sys", True)


def make_root(container):
    root = container["root"]
    mount(root, root, flags=MS_BIND)
    make_devices(root)
    if make_processes(root, read_only=False):
        restrict_settings(root, container["network"])
    for each in container["binds"]:
        bind(each["source"], root + each["target"], each["readOnly"])
    for each in container["tmpfs"]:
        os.makedirs(root + each["target"], exist_ok=True)
        flags = MS_NOSUID | MS_NODEV | (0 if each["executable"] else MS_NOEXEC)
        mount("tmpfs", root + each["target"], "tmpfs", flags, each["options"])
    enter(root)
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
