import type { World } from "../world";
import type { Account } from "./account";
import { notModelled, unprocessable } from "./api/api-error";
import { required, type Resource, type Route, type Routes } from "./api/resource";
import type { Droplet, Tag } from "./state";

/** Tags, which exist in the whole account. */
export function tags({ world }: Account): Resource<Tag> {
  const { tags: all, droplets, firewalls } = world.digitalocean;
  return {
    path: "/v2/tags",
    key: "tag_id",
    names: ["tag", "tags"],
    list: () => [...all.values()],
    find: (name) => all.get(name),
    show: ({ name }) => {
      const count = [...droplets.values()].filter((droplet) => droplet.tags.includes(name)).length;
      const none = { count: 0 };
      return {
        name,
        resources: {
          count,
          droplets: { count },
          images: none,
          volumes: none,
          volume_snapshots: none,
          databases: none,
        },
      };
    },
    create: (body) => ensureTag(world, (body as { name?: string }).name ?? ""),
    remove: ({ name }) => {
      for (const tagged of [...droplets.values(), ...firewalls.values()]) {
        tagged.tags = tagged.tags.filter((tag) => tag !== name);
      }
      all.delete(name);
    },
  };
}

/** Adding a tag to droplets, and removing it. */
export function tagResourcesRoutes({ world }: Account): Routes {
  const change = (apply: (droplet: Droplet, tag: string) => readonly string[]): Route => ({
    call: ({ parameters, body }) => {
      const { name } = required(world.digitalocean.tags.get(parameters.tag_id ?? ""));
      const { resources } = body as { resources: readonly { resource_id: string; resource_type: string }[] };
      const droplets = resources.map(({ resource_id: id, resource_type: type }) => {
        if (type !== "droplet") {
          throw notModelled(`Tagging a resource of type ${type}`);
        }
        return required(world.digitalocean.droplets.get(Number(id)));
      });
      for (const droplet of droplets) {
        droplet.tags = [...apply(droplet, name)];
      }
      return undefined;
    },
  });
  return {
    "POST /v2/tags/{tag_id}/resources": change((droplet, tag) => [...new Set([...droplet.tags, tag])]),
    "DELETE /v2/tags/{tag_id}/resources": change((droplet, tag) =>
      droplet.tags.filter((other) => other !== tag),
    ),
  };
}

/** The tag of this name, created if there is none, as DigitalOcean does for a droplet's tags. */
export function ensureTag(world: World, name: string): Tag {
  if (!/^[\w:-]{1,255}$/.test(name)) {
    throw unprocessable(
      `${name} is not a tag: letters, digits, colons, dashes and underscores, at most 255.`,
    );
  }
  const tag = world.digitalocean.tags.get(name) ?? { name };
  world.digitalocean.tags.set(name, tag);
  return tag;
}

/** Checks that the tags exist. @throws ApiError 422 */
export function existingTags(world: World, names: readonly string[]): void {
  const missing = names.find((name) => !world.digitalocean.tags.has(name));
  if (missing !== undefined) {
    throw unprocessable(`tag ${missing} does not exist`);
  }
}
