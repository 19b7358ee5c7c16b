import type { LogLine } from "../fleet/sources/logs";
import { screenOf } from "./screen";

/** Prints lines as they come, each after its time, its task and its container; or as JSON. */
export function logPrinter({ json = false }: { readonly json?: boolean }): (line: LogLine) => void {
  const { paints } = screenOf(process.stdout, process.env);
  const tasks: string[] = [];
  return ({ id, ...line }) => {
    if (json) {
      console.log(JSON.stringify({ id, ...line, at: new Date(line.at).toISOString() }));
      return;
    }
    if (!tasks.includes(line.task)) {
      tasks.push(line.task);
    }
    const paint = paints[tasks.indexOf(line.task) % paints.length] ?? String;
    const time = new Date(line.at).toISOString().slice(11, 19);
    console.log(`${time} ${paint(`${line.task.slice(0, 8)} ${line.container}`)} ${line.message}`);
  };
}
