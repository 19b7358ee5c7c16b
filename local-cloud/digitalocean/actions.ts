import type { JsonObject } from "../world";
import type { Account, Action } from "./account";
import { notModelled, unprocessable } from "./api/api-error";
import { findSize, showRegion } from "./catalog";
import { machineName } from "./machine-name";
import { page, required, type Call, type Routes } from "./api/resource";
import type { Droplet } from "./state";

/** Does something to a droplet after the call's answer; the action's status shows the outcome. */
export function startAction(
  account: Account,
  droplet: Droplet,
  type: string,
  work: () => Promise<void>,
): Action {
  const action: Action = {
    id: account.nextId(),
    type,
    dropletId: droplet.id,
    region: droplet.region,
    status: "in-progress",
    startedAt: Date.now(),
    completedAt: undefined,
  };
  account.actions.push(action);
  account.enqueue(droplet.id, async () => {
    try {
      await work();
      action.status = "completed";
    } catch (error) {
      action.status = "errored";
      account.event(`${type}-failed`, { droplet_id: droplet.id, name: droplet.name, reason: String(error) });
    } finally {
      action.completedAt = Date.now();
    }
  });
  return action;
}

interface ActionRequest {
  readonly type: string;
  /** Of a resize. */
  readonly size?: string;
  /** Of a rename. */
  readonly name?: string;
}

/** Actions on a droplet, as the API and the console start them: its power, its size, its name and its features. */
export function actionRoutes(account: Account): Routes {
  const { world, machines, actions } = account;
  const dropletOf = ({ parameters }: Call): Droplet =>
    required(world.digitalocean.droplets.get(Number(parameters.droplet_id)));

  const switchOff = async (droplet: Droplet): Promise<void> => {
    await machines.powerOff(machineName(droplet));
    droplet.status = "off";
  };
  const kinds: Readonly<Record<string, (droplet: Droplet, request: ActionRequest) => void | Promise<void>>> =
    {
      power_off: switchOff,
      // This cloud's machines can't be asked to shut down.
      shutdown: switchOff,
      power_on: async (droplet) => {
        await machines.powerOn(machineName(droplet));
        droplet.status = "active";
      },
      resize: (droplet, { size }) => {
        droplet.size = size ?? droplet.size;
      },
      rename: (droplet, { name }) => {
        droplet.name = name ?? droplet.name;
      },
      enable_ipv6: ({ features }) => {
        features.add("ipv6");
      },
      enable_backups: ({ features }) => {
        features.add("backups");
      },
      disable_backups: ({ features }) => {
        features.delete("backups");
      },
    };
  const refusals: Readonly<Record<string, Droplet["status"]>> = { power_off: "off", power_on: "active" };

  return {
    "GET /v2/droplets/{droplet_id}/actions": {
      call: (call) => {
        const { id } = dropletOf(call);
        const own = actions.filter(({ dropletId }) => dropletId === id).map(showAction);
        return page(call, `/v2/droplets/${id}/actions`, "actions", own);
      },
    },
    "POST /v2/droplets/{droplet_id}/actions": {
      call: (call) => {
        const droplet = dropletOf(call);
        const asked = call.body as ActionRequest & JsonObject;
        const { type } = asked;
        const act = kinds[type];
        if (act === undefined) {
          throw notModelled(`The droplet action ${type}`);
        }
        if (actions.some(({ dropletId, status }) => dropletId === droplet.id && status === "in-progress")) {
          throw unprocessable("Droplet already has a pending event.");
        }
        if (refusals[type] === droplet.status) {
          throw unprocessable(`Droplet is already powered ${droplet.status === "off" ? "off" : "on"}.`);
        }
        if (type === "resize") {
          checkResize(droplet, asked);
        }
        const work = async (): Promise<void> => {
          await act(droplet, asked);
          await account.lapse(() => world.digitalocean.behaviour.actionMilliseconds);
        };
        return { action: showAction(startAction(account, droplet, type, work)) };
      },
    },
    "GET /v2/actions/{action_id}": {
      call: ({ parameters }) => ({
        action: showAction(required(actions.find(({ id }) => String(id) === parameters.action_id))),
      }),
    },
  };
}

function checkResize({ status }: Droplet, { size = "" }: ActionRequest): void {
  findSize(size);
  if (status !== "off") {
    throw unprocessable("Droplet is currently on. Please power it off to run this event.");
  }
}

function showAction(action: Action): JsonObject {
  return {
    id: action.id,
    status: action.status,
    type: action.type,
    started_at: new Date(action.startedAt).toISOString(),
    completed_at: action.completedAt === undefined ? null : new Date(action.completedAt).toISOString(),
    resource_id: action.dropletId,
    resource_type: "droplet",
    region: showRegion(action.region),
    region_slug: action.region,
  };
}
