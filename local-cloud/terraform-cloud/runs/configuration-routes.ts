import { randomBytes } from "node:crypto";
import { z } from "zod";
import { newId, required, type Account } from "../state/account";
import { manageable } from "../state/permission";
import { conflict } from "../api/api-error";
import { form, noRelationships, one, read, type Resource } from "../api/document";
import type { Routes } from "../api/route";
import type { ConfigurationVersion } from "./run";

const creation = form(
  "configuration-versions",
  z.strictObject({
    // The uploader queues the run.
    "auto-queue-runs": z.literal(false),
    speculative: z.boolean().default(false),
    provisional: z.boolean().default(false),
  }),
  noRelationships,
);

/** Configurations that Terraform uploads for its runs. */
export function configurationRoutes(
  account: Account,
  configurations: Map<string, ConfigurationVersion>,
): Routes {
  const show = ({ id, speculative, provisional, archive, secret }: ConfigurationVersion): Resource => ({
    id,
    type: "configuration-versions",
    attributes: {
      "auto-queue-runs": false,
      error: null,
      "error-message": null,
      provisional,
      source: "tfe-api",
      speculative,
      status: archive === undefined ? "pending" : "uploaded",
      "upload-url": archive === undefined ? `${account.origin}/_archivist/v1/configuration/${secret}` : null,
    },
    relationships: {},
  });
  return {
    "POST /api/v2/workspaces/{workspace}/configuration-versions": {
      answer: ({ caller, parameters, json }) => {
        const workspace = manageable(account, caller, parameters["workspace"] ?? "");
        const { speculative, provisional } = read(creation, json).data.attributes;
        const configuration: ConfigurationVersion = {
          id: newId("cv"),
          workspace: workspace.id,
          speculative,
          provisional,
          secret: randomBytes(24).toString("hex"),
          archive: undefined,
        };
        configurations.set(configuration.id, configuration);
        return one(show(configuration), 201);
      },
    },
    "GET /api/v2/configuration-versions/{configuration}": {
      answer: ({ caller, parameters }) => {
        const configuration = required(configurations.get(parameters["configuration"] ?? ""));
        manageable(account, caller, configuration.workspace);
        return one(show(configuration));
      },
    },
    "PUT /_archivist/v1/configuration/{secret}": {
      signed: true,
      answer: ({ parameters, body }) => {
        const configuration = required(
          [...configurations.values()].find(({ secret }) => secret === parameters["secret"]),
        );
        if (configuration.archive !== undefined) {
          throw conflict("The configuration was uploaded already");
        }
        configuration.archive = body;
        return { status: 200 };
      },
    },
  };
}
