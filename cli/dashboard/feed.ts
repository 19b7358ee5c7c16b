import { setTimeout as pause } from "node:timers/promises";
import { reasonOf } from "../aws/client";
import { Refusal } from "../refusals/refusal";
import { History } from "./history";
import type { Look } from "./look";

/** The data sent to the page: the latest look, and why there is no newer one. */
export interface Told {
  readonly look: Look;
  /** Why the last look failed; null when it didn't. */
  readonly trouble: string | null;
  /** Seconds until the next look. */
  readonly every: number;
}

type Follower = (told: Told) => void;

/** Looks at a deployment while there are followers, and sends all of them the same. */
export class Feed {
  private readonly followers = new Set<Follower>();
  private readonly history = new History();
  private told: Told;
  private looking = false;

  /** @param first a look that has been taken already */
  constructor(
    private readonly look: () => Promise<Look>,
    first: Look,
    private readonly every: number,
  ) {
    this.told = this.from(first);
  }

  /** Sends the follower the latest look at once, and then each new one. @returns a function that ends this */
  follow(follower: Follower): () => void {
    this.followers.add(follower);
    follower(this.told);
    if (!this.looking) {
      this.looking = true;
      void this.goOn();
    }
    return () => {
      this.followers.delete(follower);
    };
  }

  private async goOn(): Promise<void> {
    // The latest look may date from the last follower.
    for (let age = Date.now() - Date.parse(this.told.look.report.at); this.followers.size > 0; age = 0) {
      await pause(Math.max(0, this.every * 1000 - age));
      if (this.followers.size > 0) {
        this.told = await this.next();
        this.followers.forEach((follower) => {
          follower(this.told);
        });
      }
    }
    this.looking = false;
  }

  private async next(): Promise<Told> {
    try {
      return this.from(await this.look());
    } catch (error) {
      // An open page continues, whatever fails for the moment.
      return { ...this.told, trouble: error instanceof Refusal ? error.message : reasonOf(error) };
    }
  }

  private from({ report, events }: Look): Told {
    this.history.take(report);
    return {
      look: { report, events: this.history.mixedWith(events) },
      trouble: null,
      every: this.every,
    };
  }
}
