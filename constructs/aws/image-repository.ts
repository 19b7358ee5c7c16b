import { EcrLifecyclePolicy } from "@cdktf/provider-aws/lib/ecr-lifecycle-policy";
import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import { Construct } from "constructs";

/** Images beyond this many are deleted, the oldest first. */
const keptImages = 50;

/** Where the application's images are: a tag never changes what it names, and every image is scanned. */
export class ImageRepository extends Construct {
  readonly repository: EcrRepository;

  constructor(scope: Construct, id: string, { name }: { readonly name: string }) {
    super(scope, id);
    this.repository = new EcrRepository(this, "app", {
      name,
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      // Images are built from sources, so that a destroy need not stop at them.
      forceDelete: true,
    });
    new EcrLifecyclePolicy(this, "app-images", {
      repository: this.repository.name,
      policy: JSON.stringify({
        rules: [
          {
            rulePriority: 1,
            description: `Keep the newest ${keptImages} images`,
            selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: keptImages },
            action: { type: "expire" },
          },
        ],
      }),
    });
  }
}
