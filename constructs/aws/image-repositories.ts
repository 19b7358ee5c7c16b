import { EcrLifecyclePolicy } from "@cdktf/provider-aws/lib/ecr-lifecycle-policy";
import { EcrRepository, type EcrRepositoryConfig } from "@cdktf/provider-aws/lib/ecr-repository";
import { TerraformIterator, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import type { Names } from "../../config/names";
import { Instances } from "../instances";

/** Images beyond this many are deleted, the oldest first. */
const keptImages = 50;

/** The repositories of the images that are built here, by name: tags are immutable, and every image is scanned. */
export class ImageRepositories extends Construct {
  readonly repository: EcrRepository;

  constructor(scope: Construct, id: string, names: Names, images: readonly string[]) {
    super(scope, id);
    const repositories = images.map((image) => [image, names.repository(image)] as const);
    const each = new Instances(this, "repositories", repositories);
    this.repository = new EcrRepository(this, "image", {
      forEach: each.forEach,
      name: each.value,
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      // Images can be built again from sources, so they needn't stop a destroy.
      forceDelete: true,
      ...encryptedBy(names.kmsKeyArn),
    });
    if (images.includes("app")) {
      this.keepEarlier();
    }
    new EcrLifecyclePolicy(this, "image-expiry", {
      forEach: TerraformIterator.fromResources(this.repository),
      repository: "${each.value.name}",
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

  /** Until 0.2.0 there was one repository, of the same name: a new one would clash with it. */
  private keepEarlier(): void {
    TerraformStack.of(this).addOverride("moved", [
      { from: "aws_ecr_repository.app", to: 'aws_ecr_repository.image["app"]' },
      { from: "aws_ecr_lifecycle_policy.app-images", to: 'aws_ecr_lifecycle_policy.image-expiry["app"]' },
    ]);
  }
}

/** An existing repository keeps its encryption: a change would replace it, without its images. */
function encryptedBy(kmsKey: string | undefined): Partial<EcrRepositoryConfig> {
  return kmsKey === undefined
    ? {}
    : {
        encryptionConfiguration: [{ encryptionType: "KMS", kmsKey }],
        lifecycle: { ignoreChanges: ["encryption_configuration"] },
      };
}
