import { expect, test } from "@jest/globals";
import { droplet, useDigitalOcean } from "./digitalocean-stage";

const stage = useDigitalOcean();

test("a call with a revoked token is unauthorized", async () => {
  const { world, call } = stage();
  world.digitalocean.behaviour.access = "none";
  expect(await call("GET", "/v2/account")).toEqual({
    status: 401,
    body: { id: "unauthorized", message: "Unable to authenticate you" },
  });
});

test("a token that may only read can't change anything", async () => {
  const { world, call, activeDroplet } = stage();
  const id = await activeDroplet();
  world.digitalocean.behaviour.access = "read";
  const refusal = {
    status: 403,
    body: { id: "forbidden", message: "You do not have access for the attempted action." },
  };
  expect(await call("POST", "/v2/droplets", droplet)).toEqual(refusal);
  expect(await call("DELETE", `/v2/droplets/${id}`)).toEqual(refusal);
  expect(await call("GET", `/v2/droplets/${id}`)).toMatchObject({ status: 200 });
  expect(world.digitalocean.droplets.size).toBe(1);
});

test("an account shows its droplet limit, and can't exceed it", async () => {
  const { world, call, createDroplet } = stage();
  world.digitalocean.behaviour.dropletLimit = 1;
  expect(await call("GET", "/v2/account")).toMatchObject({ body: { account: { droplet_limit: 1 } } });
  await createDroplet();
  expect(await call("POST", "/v2/droplets", droplet)).toEqual({
    status: 422,
    body: {
      id: "unprocessable_entity",
      message: "creating this/these droplet(s) will exceed your droplet limit",
    },
  });
});

test.each([
  ["a region", "ams3", "Region is not available"],
  ["a size", "ams3/s-1vcpu-1gb", "Size is not available in this region."],
  ["an image", "ams3/ubuntu-24-04-x64", "You specified an invalid image for Droplet creation."],
])(
  "a droplet is refused for %s that isn't available, in the API's words",
  async (_what, missing, message) => {
    const { world, call, createDroplet } = stage();
    world.digitalocean.behaviour.unavailable = [missing];
    expect(await call("POST", "/v2/droplets", droplet)).toMatchObject({ status: 422, body: { message } });
    await createDroplet({ region: "fra1" });
  },
);

test("regions, sizes and images say what is available where", async () => {
  const { world, call } = stage();
  world.digitalocean.behaviour.unavailable = ["ams3/s-1vcpu-1gb", "fra1", "ams3/ubuntu-24-04-x64"];
  const { regions = [] } = (await call("GET", "/v2/regions?per_page=200")).body;
  const region = (slug: string) => regions.find((one) => one.slug === slug);
  expect(region("ams3")?.available).toBe(true);
  expect(region("ams3")?.sizes).not.toContain("s-1vcpu-1gb");
  expect(region("fra1")).toMatchObject({ available: false, sizes: [] });

  expect((await call("GET", "/v2/sizes")).body.sizes).toHaveLength(20);
  const { sizes = [] } = (await call("GET", "/v2/sizes?per_page=200")).body;
  const size = sizes.find(({ slug }) => slug === "s-1vcpu-1gb");
  expect(size?.regions).toContain("nyc3");
  expect(size?.regions).not.toContain("ams3");
  expect(sizes).toContainEqual(expect.objectContaining({ slug: "c-4", vcpus: 4, memory: 8192 }));

  const { image } = (await call("GET", "/v2/images/ubuntu-24-04-x64")).body;
  expect(image).toMatchObject({ slug: "ubuntu-24-04-x64", type: "base", public: true });
  expect(image?.regions).toContain("nyc3");
  expect(image?.regions).not.toContain("ams3");
  expect((await call("GET", "/v2/images/12345")).body.image).toMatchObject({ id: 12345, type: "snapshot" });
  expect((await call("GET", "/v2/images/ubuntu-14-10-x64")).status).toBe(404);
});
