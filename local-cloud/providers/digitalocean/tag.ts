import { doing, unlessGone, type DigitalOceanClient } from "./client";
import type { ResourceType } from "../resource-type";
import { type Obj, text } from "../value";

interface Tag {
  readonly name: string;
  readonly resources: { readonly count: number } & Readonly<
    Record<"droplets" | "images" | "volumes" | "volume_snapshots" | "databases", { readonly count: number }>
  >;
}

/** `digitalocean_tag` */
export function tagType({ call }: DigitalOceanClient): ResourceType {
  const show = ({ name, resources }: Tag): Obj => ({
    id: name,
    name,
    total_resource_count: resources.count,
    droplets_count: resources.droplets.count,
    images_count: resources.images.count,
    volumes_count: resources.volumes.count,
    volume_snapshots_count: resources.volume_snapshots.count,
    databases_count: resources.databases.count,
  });
  return {
    forceNew: ["name"],
    create: async ({ name }) => {
      const { tag } = await doing("creating tag", call<{ tag: Tag }>("POST", "/v2/tags", { name }));
      return show(tag);
    },
    read: async ({ id }) => {
      const found = unlessGone(call<{ tag: Tag }>("GET", `/v2/tags/${text(id)}`), null);
      const answer = await doing("retrieving tag", found);
      return answer === null ? null : show(answer.tag);
    },
    remove: async ({ id }) => {
      await doing("deleting tag", call("DELETE", `/v2/tags/${text(id)}`));
    },
  };
}
