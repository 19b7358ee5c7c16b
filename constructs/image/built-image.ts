import { rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import { App, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { readBuildContext, type BuildContext } from "../../config/build-context";
import { ConfigError } from "../../config/load";
import { awsLibrary, Script } from "../script/script";
import { copyContext, hashContext } from "./context-copy";

/** Props of {@link BuiltImage}. */
export interface BuiltImageProps {
  /** Folder that holds the Dockerfile, absolute or relative to the working directory. */
  readonly build: string;
  /** Platform of the nodes that run it. */
  readonly platform: string;
  /** URL of the repository at ECR. */
  readonly repository: string;
  readonly awsRegion: string;
  readonly account: string;
}

/** How many of the hash's 64 digits are the tag. */
const tagLength = 16;

/** Folder beside the stack's JSON. */
const copies = "assets/context";

/**
 * An image that is built of a folder and pushed under the hash of what it is built of, where it isn't there already.
 * What is built is a copy beside the stack's JSON, made at synthesis: exactly what was hashed, on any machine.
 */
export class BuiltImage extends Construct {
  /** What tasks name: the repository and an immutable tag. */
  readonly uri: string;
  /** Once it is there, so is the image. Without a destroy provisioner: what depends on it is created before it is destroyed. */
  readonly resource: NullResource;

  constructor(scope: Construct, id: string, props: BuiltImageProps) {
    super(scope, id);
    const { build, platform, repository, awsRegion, account } = props;
    const context = readBuildContext(build);
    this.refuseOutput(context, build);
    const tag = hashContext(context, platform).slice(0, tagLength);
    const location = `${copies}/${tag}`;
    this.copyAtSynthesis(context, location);

    const settings = {
      REPOSITORY: repository,
      TAG: tag,
      PLATFORM: platform,
      AWS_REGION: awsRegion,
      ACCOUNT: account,
    };
    const publish = new Script(this, join(__dirname, "publish.sh"));
    const library = new Script(this, awsLibrary);
    this.uri = `${repository}:${tag}`;
    this.resource = new NullResource(this, "image", {
      triggers: settings,
      provisioners: [
        {
          type: "local-exec",
          command: `bash ${publish.location}`,
          environment: { ...settings, CONTEXT: `./${location}`, AWS_LIBRARY: library.location },
        },
      ],
    });
  }

  private refuseOutput({ folder, passes }: BuildContext, build: string): void {
    const { outdir } = App.of(this);
    const written = relative(folder, resolve(outdir, "manifest.json"));
    if (!written.startsWith("..") && passes(written)) {
      throw new ConfigError([
        `application.image.build holds ${outdir}, which every synthesis changes: add it to .dockerignore (got ${JSON.stringify(build)})`,
      ]);
    }
  }

  private copyAtSynthesis(context: BuildContext, location: string): void {
    const stack = TerraformStack.of(this);
    const { synthesizer } = stack;
    stack.synthesizer = {
      synthesize: (session) => {
        synthesizer.synthesize(session);
        const folder = join(session.outdir, session.manifest.forStack(stack).workingDirectory);
        rmSync(join(folder, copies), { recursive: true, force: true });
        copyContext(context, join(folder, location));
      },
    };
  }
}
