import { startLoad, type LoadResult } from "../../../local-cloud/load/load";
import { eventually } from "../jest/eventually";
import type { LifeCycle, StackUnderTest } from "./life-cycle";
import type { SiteSettings } from "./sample-environment";
import { dropletSite } from "../observation/nodes";
import { reasons } from "./terraform-output";

/** A DigitalOcean site with these nodes, whose load balancer listens at a port that needs no root. */
export function loadableSite(...nodes: readonly string[]): SiteSettings {
  return {
    ...dropletSite(...nodes),
    loadBalancer: { listeners: [{ protocol: "http", port: 8080 }] },
  };
}

/**
 * So many requests prove that a roll-out fails none. It's no rate, since a slow computer sends fewer in a second, and takes
 * more seconds.
 */
export const provingRequests = 500;

/** The outcome of the requests to each site. */
export type SiteLoads<Site extends string> = Readonly<Record<Site, LoadResult>>;

/**
 * Deploys compute and application, and waits until as many nodes of each site answer as are said.
 * @throws Error with what Terraform has said
 */
export async function bringUp(life: LifeCycle, sites: Readonly<Record<string, number>>): Promise<void> {
  const succeed = async (stack: StackUnderTest): Promise<void> => {
    const ended = await stack.apply();
    if (ended.exitCode !== 0) {
      throw new Error(reasons(ended));
    }
  };
  await Promise.all(Object.keys(sites).map((site) => succeed(life.site(site))));
  await succeed(life.web);
  await Promise.all(Object.entries(sites).map(([site, nodes]) => awaitAnswers(life, site, nodes)));
}

/** The URL of a site's load balancer. */
export async function urlOf(life: LifeCycle, site: string): Promise<string> {
  const { urls } = (await life.site(site).outputs()) as { urls: { web?: readonly string[] } };
  const [url] = urls.web ?? [];
  if (url === undefined) {
    throw new Error(`${site} has no load balancer`);
  }
  return url;
}

/**
 * Loads these sites from before something begins until it has ended, each at its rate in requests a second and by a
 * process of its own.
 */
export async function underLoad<Site extends string, T>(
  life: LifeCycle,
  rates: Readonly<Record<Site, number>>,
  act: () => Promise<T>,
): Promise<{ readonly loads: SiteLoads<Site>; readonly result: T }> {
  const loads = await Promise.all(
    (Object.entries(rates) as [Site, number][]).map(async ([site, rate]) => ({
      site,
      load: await startLoad({ url: await urlOf(life, site), rate }),
    })),
  );
  try {
    const result = await act();
    const results = await Promise.all(loads.map(async ({ site, load }) => [site, await load.stop()]));
    return { loads: Object.fromEntries(results) as SiteLoads<Site>, result };
  } finally {
    await Promise.allSettled(loads.map(({ load }) => load.stop()));
  }
}

/** Reads a site's page so many times; what is no page is left out. */
export async function readPage(life: LifeCycle, site: string, times: number): Promise<Page[]> {
  const url = await urlOf(life, site);
  const pages: Page[] = [];
  for (let time = 0; time < times; time += 1) {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    if (response.ok) {
      pages.push(JSON.parse(text) as Page);
    }
  }
  return pages;
}

/** Waits until so many nodes of a site answer. */
export async function awaitAnswers(life: LifeCycle, site: string, many: number): Promise<void> {
  await eventually(`${many} nodes of ${site} answer`, async () => {
    const nodes = new Set((await readPage(life, site, 2 * many)).map(({ node }) => node));
    return nodes.size === many || undefined;
  });
}

/** The answers of the sample service in its versions. */
export interface Page {
  readonly node: string;
  readonly version: string;
}
