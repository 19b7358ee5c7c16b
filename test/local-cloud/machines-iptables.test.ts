import { expect, test } from "@jest/globals";
import { createIptables } from "../../local-cloud/nodes/inside/system/iptables";

const rule = ["DOCKER-USER", "-d", "169.254.169.254/32", "-j", "REJECT"];

test("a rule is found once it has been inserted, and not after it has been deleted", () => {
  const iptables = createIptables("iptables");
  expect(iptables(["-w", "-N", "DOCKER-USER"]).code).toBe(0);
  expect(iptables(["-w", "-C", ...rule]).code).toBe(1);
  expect(iptables(["-w", "5", "-I", "DOCKER-USER", "1", ...rule.slice(1)]).code).toBe(0);
  expect(iptables(["--check", ...rule]).code).toBe(0);
  expect(iptables(["-S", "DOCKER-USER"]).output).toBe(`-A ${rule.join(" ")}\n`);
  expect(iptables(["-D", ...rule]).code).toBe(0);
  expect(iptables(["-C", ...rule]).code).toBe(1);
});

test("a chain can't be made twice, and a rule needs its chain", () => {
  const iptables = createIptables("iptables");
  expect(iptables(["-A", ...rule]).output).toBe("iptables: No chain/target/match by that name.\n");
  iptables(["-N", "DOCKER-USER"]);
  expect(iptables(["-N", "DOCKER-USER"])).toEqual({ code: 1, output: "iptables: Chain already exists.\n" });
  expect(iptables(["-t", "nat", "-C", ...rule]).code).toBe(1);
});

test("options that aren't modelled are an error", () => {
  expect(createIptables("ip6tables")(["-P", "INPUT", "DROP"])).toEqual({
    code: 2,
    output: "ip6tables: not modelled: -P INPUT DROP\n",
  });
});
