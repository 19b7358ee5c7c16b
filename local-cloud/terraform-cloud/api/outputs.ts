import type { Json } from "../../world";
import { required, type Account } from "../state/account";
import { readable } from "../state/permission";
import { currentOf, type Output, type StateVersion } from "../state/state-version";
import { one, page, paging, type Resource } from "./document";
import type { Routes } from "./route";

/** Outputs of states; a sensitive value is shown only when the output is read individually. */
export function outputRoutes(account: Account): Routes {
  const list = ({ outputs }: StateVersion): Resource[] =>
    [...outputs].map(([id, output]) => show(id, output, output.sensitive));
  const found = (wanted: (version: StateVersion) => boolean) =>
    required(
      [...account.workspaces.values()]
        .flatMap(({ id, versions }) => versions.map((version) => ({ workspace: id, version })))
        .find(({ version }) => wanted(version)),
    );
  return {
    "GET /api/v2/workspaces/{workspace}/current-state-version-outputs": {
      query: paging,
      answer: (call) => {
        const { versions } = readable(account, call.caller, call.parameters["workspace"] ?? "");
        return page(call, list(required(currentOf(versions))));
      },
    },
    "GET /api/v2/state-versions/{version}/outputs": {
      query: paging,
      answer: (call) => {
        const { workspace, version } = found(({ id }) => id === call.parameters["version"]);
        readable(account, call.caller, workspace);
        return page(call, list(version));
      },
    },
    "GET /api/v2/state-version-outputs/{output}": {
      answer: ({ caller, parameters }) => {
        const id = parameters["output"] ?? "";
        const { workspace, version } = found(({ outputs }) => outputs.has(id));
        readable(account, caller, workspace);
        return one(show(id, required(version.outputs.get(id)), false));
      },
    },
  };
}

function show(id: string, { name, value, type, sensitive }: Output, hidden: boolean): Resource {
  return {
    id,
    type: "state-version-outputs",
    attributes: {
      name,
      sensitive,
      type: Array.isArray(value) ? "array" : typeof value,
      "detailed-type": type as Json,
      value: hidden ? null : (value as Json),
    },
    relationships: {},
  };
}
