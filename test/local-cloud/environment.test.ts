import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { processEnvironment, shellScript } from "../../local-cloud/environment";

const cloud = { AWS_ENDPOINT_URL: "http://127.0.0.1:1", TF_REATTACH_PROVIDERS: `{"it's": 1}` };

test("a shell that sources the file has the cloud's variables, and no profile or proxy of its own", () => {
  const script = `${shellScript(cloud)}\necho "$AWS_ENDPOINT_URL|$TF_REATTACH_PROVIDERS|\${AWS_PROFILE-none}|\${HTTPS_PROXY-none}"`;
  const shown = execFileSync("bash", ["-c", script], {
    env: { PATH: process.env["PATH"], AWS_PROFILE: "prod", HTTPS_PROXY: "http://proxy:1" },
    encoding: "utf8",
  });
  expect(shown).toBe(`http://127.0.0.1:1|{"it's": 1}|none|none\n`);
});

test("a process against the cloud inherits nothing that could lead it elsewhere", () => {
  process.env["AWS_PROFILE"] = "prod";
  try {
    const names = Object.keys(processEnvironment(cloud));
    expect(names).toEqual(expect.arrayContaining(Object.keys(cloud)));
    expect(names.filter((name) => /^(AWS_PROFILE|DIGITALOCEAN_.*|.*_PROXY)$/.test(name))).toEqual([]);
  } finally {
    delete process.env["AWS_PROFILE"];
  }
});
