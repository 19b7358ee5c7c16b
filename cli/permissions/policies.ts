import { namesOf, type Names } from "../../config/names";
import type { Config } from "../../config/schema";
import type { Conditions, Statement } from "../../constructs/aws/policy";
import { grants, passedRoles, type Need } from "./grants";

/** The roles that work with a deployment, by the letters of {@link grants}. */
export const roles = { deployer: "d", destroyer: "x", operator: "o", pipeline: "p" } as const;
export type Role = keyof typeof roles;

/** Placeholders to replace in the policies before they are used. */
const placeholders = {
  names: namesOf({ name: "<name>", aws: { region: "<region>", accountId: "<account>" } as Config["aws"] }),
  bucket: "<bucket>",
};

/** Statements of what a role is allowed, for one deployment. */
export function statementsOf(role: Role, names: Names = placeholders.names): Statement[] {
  const granted = grants(names, placeholders.bucket).flatMap(({ service, resource, condition, allow }) => {
    const actions = allowed(role, allow).map((name) => `${service}:${name}`);
    return actions.length === 0 ? [] : [statement(actions, resource, condition)];
  });
  const passed = passedRoles(names)
    .filter(({ by }) => by.includes(roles[role]))
    .map(({ resource, service }) =>
      statement(["iam:PassRole"], resource, { StringEquals: { "iam:PassedToService": service } }),
    );
  return [...granted, ...passed];
}

/** The actions that all roles but a pipeline's plan need, for a deployment with these parts. */
export function actionsFor(has: (need: Need) => boolean): string[] {
  const { names, bucket } = placeholders;
  const actions = grants(names, bucket)
    .filter(({ need }) => need === undefined || has(need))
    .flatMap(({ service, allow }) =>
      (["deployer", "destroyer", "operator"] as const).flatMap((role) =>
        allowed(role, allow).map((name) => `${service}:${name}`),
      ),
    );
  return [...new Set([...actions, "iam:PassRole"])];
}

function allowed(role: Role, allow: Readonly<Record<string, string>>): string[] {
  return Object.entries(allow)
    .filter(([letters]) => letters.includes(roles[role]))
    .flatMap(([, names]) => names.split(" "))
    .sort();
}

function statement(
  Action: readonly string[],
  Resource: Statement["Resource"] & {},
  Condition: Conditions | undefined,
): Statement {
  return { Effect: "Allow", Action, Resource, ...(Condition && { Condition }) };
}
