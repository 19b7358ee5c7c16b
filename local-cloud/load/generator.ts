import { Agent, get, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, get as getSecurely } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import type { LoadMessage, LoadOptions, LoadProgress, LoadResult } from "./load";

type Outcome = "succeeded" | "non2xx" | "resets" | "timeouts" | "errors";

/** How many failures are described. */
const described = 20;
/** Milliseconds between requests: waking up for a few of them costs less than waking up for each. */
const tick = 50;
/** Milliseconds that a late connection may catch up. */
const arrears = 5000;

/**
 * Milliseconds after which an idle connection is closed: half of what a load balancer allows by default, since one that
 * both sides use and close at the same moment would fail a request.
 */
const idle = 30_000;

/** Milliseconds between two progress reports. */
const reportPeriod = 1000;

/** Sends requests until it is aborted or its time is over, and reports its progress. */
async function generateLoad(
  options: LoadOptions,
  ended: AbortSignal,
  tell: (progress: LoadProgress) => void,
): Promise<LoadResult> {
  const { url, tls, rate = 60, connections = 16, timeout = 10, limit = 1200 } = options;
  const kept = { keepAlive: true, maxSockets: connections, timeout: idle };
  const agent = url.startsWith("https:") ? new TlsAgent({ ...kept, ...tls }) : new Agent(kept);
  const counts = { succeeded: 0, non2xx: 0, resets: 0, timeouts: 0, errors: 0 };
  const failures: string[] = [];
  const perSecond: number[] = [];
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  let lastSuccess = 0;
  let longestGap = 0;

  const send = async (): Promise<void> => {
    const second = Math.floor(elapsed());
    perSecond[second] = (perSecond[second] ?? 0) + 1;
    const { outcome, detail } = await request(url, agent, timeout);
    counts[outcome] += 1;
    if (outcome === "succeeded") {
      longestGap = Math.max(longestGap, elapsed() - lastSuccess);
      lastSuccess = elapsed();
    } else if (failures.length < described) {
      failures.push(`after ${elapsed().toFixed(1)} s: ${detail}`);
    }
  };
  const period = (1000 * connections) / rate;
  const connection = async (index: number): Promise<void> => {
    let due = start + Math.floor((period * index) / connections / tick) * tick;
    while (!ended.aborted && elapsed() < limit) {
      const wait = due - performance.now();
      if (wait > 0) {
        await pause(wait);
      }
      await send();
      due = Math.max(due + period, performance.now() - arrears);
    }
  };
  const soFar = (): LoadProgress => {
    const requests = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return { requests, failed: requests - counts.succeeded, rate: requests / elapsed() };
  };
  const reports = setInterval(() => {
    tell(soFar());
  }, reportPeriod);
  await Promise.all(Array.from({ length: connections }, (_, index) => connection(index)));

  clearInterval(reports);
  agent.destroy();
  const seconds = elapsed();
  const { requests, failed } = soFar();
  const fullSeconds = Array.from({ length: Math.floor(seconds) }, (_, second) => perSecond[second] ?? 0);
  return {
    requests,
    ...counts,
    failed,
    failures,
    seconds,
    rate: requests / seconds,
    lowestRate: Math.min(...fullSeconds, ...(fullSeconds.length === 0 ? [0] : [])),
    longestGapSeconds: Math.max(longestGap, seconds - lastSuccess),
  };
}

/** Characters of an answer with an error that a failure is told with. */
const shownCharacters = 200;

/** An answer on one line, without HTML's tags. */
function inShort(answer: string): string {
  return answer
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, shownCharacters);
}

interface Ended {
  readonly outcome: Outcome;
  readonly detail: string;
}

/** Milliseconds that a pause of the whole computer takes from a time-out, at most. */
const step = 500;

/**
 * Does something after this process has run for so many seconds: while a computer stands still, servers on it can't
 * answer, and their answers, if they are there, are read after the timers that have expired meanwhile.
 */
function afterRunning(seconds: number, act: () => void): () => void {
  let left = seconds * 1000;
  const wait = (): NodeJS.Timeout =>
    setTimeout(
      () => {
        left -= step;
        if (left > 0) {
          timer = wait();
        } else {
          act();
        }
      },
      Math.min(step, left),
    );
  let timer = wait();
  return () => clearTimeout(timer);
}

const notConnected = "not connected";

function request(url: string, agent: Agent, timeout: number): Promise<Ended> {
  return new Promise((resolve) => {
    let stage = notConnected;
    const sent = agent instanceof TlsAgent ? getSecurely(url, { agent }) : get(url, { agent });
    const done = (outcome: Outcome, detail: string): void => {
      cancel();
      resolve({ outcome, detail });
    };
    const giveUp = (): void => {
      done("timeouts", `no complete answer within ${timeout} s; ${stage}`);
      sent.destroy();
    };
    const cancel = afterRunning(timeout, giveUp);
    const broken = (error: Error & { readonly code?: string }): void => {
      const parsed = error.code?.startsWith("HPE_") === true;
      done(stage !== notConnected && !parsed ? "resets" : "errors", `${error.message}; ${stage}`);
    };
    sent.on("socket", (socket) => {
      if (socket.connecting) {
        socket.once("connect", () => (stage = "sent on a new connection"));
      } else {
        stage = "sent on a kept connection";
      }
    });
    sent.on("error", broken);
    sent.on("response", (response: IncomingMessage) => {
      const { statusCode = 0 } = response;
      stage = `after status ${statusCode}`;
      const isGood = statusCode >= 200 && statusCode < 300;
      let answer = "";
      response.on("error", broken).on("data", (part: Buffer) => {
        answer += isGood || answer.length > shownCharacters ? "" : part.toString();
      });
      response.on("end", () =>
        done(isGood ? "succeeded" : "non2xx", `status ${statusCode}: ${inShort(answer)}`),
      );
    });
  });
}

/** Tells its parent process when it begins, and the result when the parent asks for it or the time is over. */
async function main(options: LoadOptions): Promise<void> {
  const ended = new AbortController();
  process.on("message", () => ended.abort());
  process.once("disconnect", () => process.exit());
  const send = (message: LoadMessage): void => {
    process.send?.(message);
  };
  setImmediate(() => {
    send("started");
  });
  const result = await generateLoad(options, ended.signal, (progress) => {
    send({ progress });
  });
  const last: LoadMessage = { result };
  process.send?.(last, () => {
    process.disconnect();
  });
}

void main(JSON.parse(process.argv[2] ?? "") as LoadOptions);
