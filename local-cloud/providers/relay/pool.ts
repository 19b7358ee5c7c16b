import { isAlive, startPlugin, type Plugin } from "./plugin";
import type { Start } from "./start-message";

/** Milliseconds for which a provider that no Terraform uses is kept for the next one. */
const idlePeriod = 60_000;

interface Idle {
  readonly key: string;
  readonly plugin: Plugin;
  readonly timer: NodeJS.Timeout;
}

/**
 * Running providers, each for one Terraform at a time. One that a Terraform has left serves the next that starts the same
 * program in the same folder with the same variables, since starting it is most of the work of a small plan.
 * Source: HashiCorp, "Debugging Providers": a running provider serves one Terraform after another.
 */
export class Pool {
  private idle: readonly Idle[] = [];
  private readonly answers = new Map<string, Buffer>();

  /** @throws Error when the provider can't be started */
  async take(start: Start): Promise<Plugin> {
    const kept = this.idle.find(({ key }) => key === start.key);
    if (kept === undefined) {
      return startPlugin(start.executable, start.variables, start.folder);
    }
    this.remove(kept);
    if (await isAlive(kept.plugin)) {
      return kept.plugin;
    }
    kept.plugin.process.kill("SIGKILL");
    return this.take(start);
  }

  /** Takes a provider back that no call is left with. It may have ended: that shows when it is to be lent. */
  give(start: Start, plugin: Plugin): void {
    const timer = setTimeout(() => {
      this.remove(idle);
      plugin.process.kill("SIGKILL");
    }, idlePeriod);
    const idle = { key: start.key, plugin, timer };
    this.idle = [...this.idle, idle];
  }

  /** A provider's answer to a question about nothing but its settings, if one was kept. */
  answerTo(start: Start, question: Buffer): Buffer | undefined {
    return this.answers.get(questionKey(start, question));
  }

  keepAnswer(start: Start, question: Buffer, answer: Buffer): void {
    this.answers.set(questionKey(start, question), answer);
  }

  private remove(idle: Idle): void {
    clearTimeout(idle.timer);
    this.idle = this.idle.filter((each) => each !== idle);
  }
}

const questionKey = ({ key }: Start, question: Buffer): string => `${key} ${question.toString("base64")}`;
