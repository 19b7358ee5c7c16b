import { expect, jest, test } from "@jest/globals";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onPremises, useProject } from "../project";

jest.setTimeout(60_000);

const project = useProject();

/** Programs of a server that `ssh` reaches: its log is a file beside them, and its user is this one. */
function serverWith(log: string, user = "0") {
  const folder = mkdtempSync(join(project().folder, "server-"));
  writeFileSync(join(folder, "log"), log);
  const programs = {
    id: `echo ${user}`,
    sudo: '[ "$1" = -n ] && shift && echo "(as root)" && exec "$@"',
    tail: `for last; do :; done; [ "$last" = /var/log/anywhere-bootstrap.log ] && exec /usr/bin/tail -n +1 ${folder}/log`,
  };
  const bin = project().programs(programs);
  return project().programs({
    ssh: `printf '%s\\n' "$*" >>"$RECORD.ssh"; [ "$2" = root@192.0.2.7 ] || { echo "no route to $2" >&2; exit 255; }
shift 2; PATH=${bin}:$PATH exec sh -c "$1"`,
  });
}

const logs = (path: string, ...args: readonly string[]) =>
  project().anywhere(["logs", "berlin/rack-1", ...args], {
    PATH: `${path}:${project().variables["PATH"] ?? ""}`,
  });

test("logs of a node shows its bootstrap log over SSH, as root or with sudo", async () => {
  project().configure({ sites: { berlin: onPremises("rack-1") } });
  const text = "2026-11-26T12:00:00Z anywhere: FAILED berlin/rack-1: the clock is off\n";
  const root = await logs(serverWith(text), "--ssh", "root@192.0.2.7");
  expect(root).toMatchObject({ exitCode: 0, stdout: text });
  const user = await logs(serverWith(text, "1000"), "--ssh", "root@192.0.2.7");
  expect(user).toMatchObject({ exitCode: 0, stdout: `(as root)\n${text}` });
  const nowhere = await logs(serverWith(text), "--ssh", "root@192.0.2.8");
  expect(nowhere).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("no route to root@192.0.2.8"),
  });
});

test("logs of a node without --ssh says where the log is", async () => {
  project().configure({ sites: { berlin: onPremises("rack-1") } });
  expect(await project().anywhere(["logs", "berlin/rack-1"])).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining(
      "The log of berlin/rack-1 is only on its machine, in /var/log/anywhere-bootstrap.log: add --ssh user@host",
    ),
  });
});

test.each([
  ["berlin/rack-1", "--since", "--since has no effect on the log of a node: leave it out."],
  ["web", "--ssh", "--ssh has no effect on the log of a service or a job: leave it out."],
])("logs of %s refuses %s, which doesn't apply to it", async (name, option, message) => {
  project().configure({
    sites: { berlin: onPremises("rack-1") },
    services: { web: { image: "registry.example/shop/app:v7" } },
  });
  const value = option === "--since" ? "5m" : "root@192.0.2.7";
  expect(await project().anywhere(["logs", name, option, value])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(message),
  });
});

test("logs of a node says that ssh is missing, without a stack trace", async () => {
  project().configure({ sites: { berlin: onPremises("rack-1") } });
  const { exitCode, stderr } = await project().anywhere(
    ["logs", "berlin/rack-1", "--ssh", "root@192.0.2.7"],
    { PATH: project().programs({}) },
  );
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringMatching(
      /\nssh can't be run \(ENOENT\): install it, or add its folder to PATH\.\n$/,
    ),
  });
});
