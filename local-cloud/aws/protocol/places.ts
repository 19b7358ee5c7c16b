import { createWorld } from "../../world";
import type { Place } from "../context";

/** The place of a call. Machines exist only at home: when they register, they find no activation of another place. */
export function placeOf(home: Place, account: string, region: string): Place {
  const { world, settings } = home;
  if (account === world.account && region === settings.region) {
    return home;
  }
  const key = `${account}/${region}`;
  const aws = world.elsewhere.get(key) ?? createWorld(account).aws;
  world.elsewhere.set(key, aws);
  return { world: { ...world, account, aws }, settings: { ...settings, region } };
}

/** Home and every other place that a call went to. */
export function everyPlace(home: Place): Place[] {
  const others = [...home.world.elsewhere.keys()].map((key) => {
    const [account = "", region = ""] = key.split("/");
    return placeOf(home, account, region);
  });
  return [home, ...others];
}
