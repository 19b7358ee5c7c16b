"""Networks of machines and of their containers."""

import os, socket, struct

from kernel import check, libc

CLONE_NEWNET = 0x40000000

BRIDGE, GATEWAY, METADATA = "docker0", "172.17.0.1", "169.254.170.2"


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
