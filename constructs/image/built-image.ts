import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import { App, TerraformStack } from "cdktf";
import { addCustomSynthesis } from "cdktf/lib/synthesize/synthesizer";
import { Construct } from "constructs";
import type { Names } from "../../config/names";
import { readBuildContext, unreadable, type BuildContext } from "../../config/services/build-context";
import { tagLength } from "../../config/services/image";
import { ConfigError } from "../../config/load";
import { AwsLibrary, Script } from "../script/script";
import { copyContext, hashContext } from "./context-copy";

/** Props of {@link BuiltImage}. */
export interface BuiltImageProps {
  /** Its name in the config. */
  readonly name: string;
  /** Name of the resource that pushes it. */
  readonly address: string;
  /** Folder of the Dockerfile, absolute or relative to the working directory. */
  readonly build: string;
  /** Platform of the nodes that run it. */
  readonly platform: string;
  /** URL of the repository at ECR. */
  readonly repository: string;
  readonly names: Names;
}

/** Folder beside the stack's JSON. */
const copies = "assets/context";

/**
 * An image that is built from a folder and pushed under the hash of its contents, unless it is there already. The build
 * uses a copy beside the stack's JSON, made at synthesis: exactly what was hashed, on any machine.
 */
export class BuiltImage extends Construct {
  /** The image URI in task definitions: the repository and an immutable tag. */
  readonly uri: string;
  /** The image exists once this does. Has no destroy provisioner, since its dependants are created before it is destroyed. */
  readonly resource: NullResource;
  /** Path of the copy from the stack's folder. */
  private readonly location: string;

  constructor(scope: Construct, id: string, props: BuiltImageProps) {
    super(scope, id);
    const { name, address, build, platform, repository, names } = props;
    const { context, hash } = readContext(name, build, platform);
    this.refuseOutput(context, name, build);
    const tag = hash.slice(0, tagLength);
    this.location = `${copies}/${tag}`;
    this.copyAtSynthesis(context);

    const settings = {
      IMAGE: name,
      REPOSITORY: repository,
      TAG: tag,
      PLATFORM: platform,
      AWS_REGION: names.awsRegion,
      ACCOUNT: names.account,
    };
    const publish = new Script(this, join(__dirname, "publish.sh"));
    const library = new AwsLibrary(this);
    this.uri = `${repository}:${tag}`;
    this.resource = new NullResource(this, address, {
      triggers: settings,
      provisioners: [
        publish.run({ ...settings, CONTEXT: `./${this.location}`, AWS_LIBRARY: library.location }),
      ],
    });
  }

  private refuseOutput({ folder, passes }: BuildContext, name: string, build: string): void {
    const { outdir } = App.of(this);
    const written = relative(folder, resolve(outdir, "manifest.json"));
    if (!written.startsWith("..") && passes(written)) {
      throw new ConfigError([
        `images.${name}.build holds ${outdir}, which every synthesis changes: add it to .dockerignore (got ${JSON.stringify(build)})`,
      ]);
    }
  }

  private copyAtSynthesis(context: BuildContext): void {
    const stack = TerraformStack.of(this);
    addCustomSynthesis(this, {
      onSynthesize: ({ outdir, manifest }) => {
        const folder = join(outdir, manifest.forStack(stack).workingDirectory);
        const locations = stack.node
          .findAll()
          .flatMap((one) => (one instanceof BuiltImage ? one.location : []));
        for (const stale of readdirIfThere(join(folder, copies))) {
          if (!locations.includes(`${copies}/${stale}`)) {
            rmSync(join(folder, copies, stale), { recursive: true });
          }
        }
        rmSync(join(folder, this.location), { recursive: true, force: true });
        copyContext(context, join(folder, this.location));
      },
    });
  }
}

/** @throws {ConfigError} when something in it can't be read. */
function readContext(name: string, build: string, platform: string) {
  try {
    const context = readBuildContext(build);
    return { context, hash: hashContext(context, platform) };
  } catch (error) {
    throw new ConfigError([`images.${name}.build ${unreadable(error)} (got ${JSON.stringify(build)})`]);
  }
}

function readdirIfThere(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
