import { existsSync } from "node:fs";
import { join } from "node:path";
import { readBody, serveOnLoopback, type LoopbackServer } from "../../../local-cloud/http-server";
import type { DeskProject } from "./desk-project";

/**
 * The Systems Manager of a desk's stage, which knows at each question the activations that the desk's local state has, as
 * if Terraform's provider had made them.
 */
export function serveSystemsManager(desk: DeskProject): Promise<LoopbackServer> {
  return serveOnLoopback((request, response) => {
    void readBody(request, () => new Error("too large")).then(async (body) => {
      knowActivations(desk);
      const { "x-amz-target": target, authorization = "" } = request.headers;
      const headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": String(target),
        authorization,
      };
      const url = desk.stage.clouds["AWS_ENDPOINT_URL"] ?? "";
      const answer = await fetch(url, { method: "POST", headers, body });
      response.writeHead(answer.status, { "content-type": headers["content-type"] });
      response.end(await answer.text());
    });
  });
}

function knowActivations(desk: DeskProject): void {
  const { stage, project } = desk;
  if (!existsSync(join(project.folder, "state/anywhere--activations.tfstate"))) {
    return;
  }
  const { activations } = stage.world.aws;
  const ids = Object.values(
    desk.outputs("activations")["activation_ids"] as Readonly<Record<string, string>>,
  );
  for (const id of ids.filter((one) => !activations.has(one))) {
    const { ActivationId } = stage.ecs.call("CreateActivation", { IamRole: "node" }) as {
      readonly ActivationId: string;
    };
    const made = activations.get(ActivationId);
    activations.delete(ActivationId);
    if (made !== undefined) {
      activations.set(id, { ...made, id });
    }
  }
}
