import type { Foreign } from "../../local-cloud/admin/admin";
import type { LocalCloud } from "../../local-cloud/start";
import type { EnvironmentFile, Project } from "../project";
import type { Report } from "../report";
import type { Picture } from "../show/picture";
import type { EndedStep, Text } from "../show/story";
import type { Teller } from "../show/plain-teller";

/** The context of the steps. */
export interface Stage {
  readonly project: Project;
  readonly cloud: LocalCloud;
  /** The environment that was deployed last. */
  environment: EnvironmentFile;
  readonly foreign: Foreign;
  /** Folder for the demo's files. */
  readonly folder: string;
  /** Script that points a shell at the deployment. */
  readonly shellFile: string;
  readonly report: Report;
}

/** A step of the demo. */
export interface Step {
  readonly title: string;
  /** Whether its result needs the whole width. */
  readonly wide?: boolean;
  /**
   * @param show receives the step's state
   * @returns its result
   */
  readonly act: (show: (picture: Picture) => void) => Promise<Text>;
}

/**
 * Takes the steps one after the other, and records the time of each.
 * @throws as the step that fails
 */
export async function take(steps: readonly Step[], teller: Teller, { steps: times }: Report): Promise<void> {
  for (const [index, { title, act, wide }] of steps.entries()) {
    const start = performance.now();
    const end = (ended: EndedStep["ended"], result: Text): void => {
      const seconds = Math.round((performance.now() - start) / 100) / 10;
      times.push({ name: title, seconds });
      teller.end({ title, seconds, ended, result, wide });
    };
    teller.begin(
      title,
      steps.slice(index + 1).map((step) => step.title),
    );
    let result: Text;
    try {
      result = await act((picture) => {
        teller.show(picture);
      });
    } catch (error) {
      end("badly", () => "");
      throw error;
    }
    end("well", result);
  }
}
