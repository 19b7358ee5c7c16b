import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { processEnvironment, shellScript, writeShellScript } from "../../local-cloud/environment";

const cloud = { AWS_ENDPOINT_URL: "http://127.0.0.1:1", TF_REATTACH_PROVIDERS: `{"it's": 1}` };

test("a shell that sources the file has the cloud's variables, and no profile or proxy of its own", () => {
  const script = `${shellScript(cloud)}\necho "$AWS_ENDPOINT_URL|$TF_REATTACH_PROVIDERS|\${AWS_PROFILE-none}|\${HTTPS_PROXY-none}"`;
  const shown = execFileSync("bash", ["-c", script], {
    env: { PATH: process.env["PATH"], AWS_PROFILE: "prod", HTTPS_PROXY: "http://proxy:1" },
    encoding: "utf8",
  });
  expect(shown).toBe(`http://127.0.0.1:1|{"it's": 1}|none|none\n`);
});

test("the file names the machines' region to every AWS client, and only its owner can read it", () => {
  const folder = mkdtempSync(join(tmpdir(), "somebody's env-"));
  try {
    const file = join(folder, "env");
    writeShellScript(file, cloud);
    const shown = execFileSync(
      "bash",
      ["-c", '. "$1" && echo "$AWS_REGION $AWS_DEFAULT_REGION"', "bash", file],
      {
        env: { PATH: process.env["PATH"], AWS_REGION: "us-east-1" },
        encoding: "utf8",
      },
    );
    expect(shown).toBe("eu-west-1 eu-west-1\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a process that uses the cloud inherits nothing that could lead it elsewhere", () => {
  process.env["AWS_PROFILE"] = "prod";
  try {
    const names = Object.keys(processEnvironment(cloud));
    expect(names).toEqual(expect.arrayContaining(Object.keys(cloud)));
    expect(names.filter((name) => /^(AWS_PROFILE|DIGITALOCEAN_.*|.*_PROXY)$/.test(name))).toEqual([]);
  } finally {
    delete process.env["AWS_PROFILE"];
  }
});
