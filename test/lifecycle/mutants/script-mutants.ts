import type { Mutant } from "./mutant";

const inOrder = "a node is drained and leaves ECS, then Systems Manager, before its droplet goes";

export const scriptMutants: readonly Mutant[] = [
  {
    name: "ECS after Systems Manager",
    breaks: inOrder,
    shows:
      "the order was UpdateContainerInstancesState, DeregisterManagedInstance, DeregisterContainerInstance",
    scripts: {
      "deregister.sh": [
        {
          from: "  if aws_call ecs deregister-container-instance",
          to: '  end_managed_instance "${INSTANCE_OF_ARN}"\n  if aws_call ecs deregister-container-instance',
        },
        {
          from: "    # ECS may still know a node that Systems Manager did not find.\n",
          to: "    INSTANCE_OF_ARN=${instance}\n",
        },
      ],
    },
  },
  {
    name: "no drain",
    breaks: inOrder,
    shows: "the order was DeregisterContainerInstance, DeregisterManagedInstance, DELETE",
    scripts: { "deregister.sh": [{ from: "if [[ ${status} == ACTIVE ]]; then", to: "if false; then" }] },
  },
  {
    name: "a look-up by the tag of the site in place of the node's identity",
    breaks: "a scale-down ends the node that goes, and no other",
    shows: "the node that stays was taken out of Systems Manager",
    scripts: {
      "registrations.sh": [
        {
          from: 'find_managed tag:anywhere.identity "${IDENTITY}"',
          to: 'find_managed tag:anywhere.site "${SITE}"',
        },
      ],
    },
  },
  {
    name: "the first page only",
    breaks: "every registration of a node is ended, however many pages they fill",
    shows: "left behind: mi-",
    scripts: { "registrations.sh": [{ from: "--page-size 50", to: "--no-paginate --max-results 50" }] },
  },
  {
    name: "access denied taken for gone",
    breaks: "access denied in clean-up stops the destroy before the droplet goes",
    shows: 'a destroy goes on after "access denied"',
    scripts: { "aws.sh": [{ from: "echo denied ;;", to: "echo gone ;;" }] },
  },
  {
    name: "no comparison of the account",
    breaks: "credentials of another account stop the destroy before anything goes",
    shows: 'a destroy goes on after "wrong account"',
    scripts: { "aws.sh": [{ from: '[[ ${ANSWER} == "${ACCOUNT}" ]] || die', to: "true || die" }] },
  },
  {
    name: "a gate that doesn't wait",
    breaks: "an apply ends when its node is connected, and not before",
    shows: "the apply ended before its node was connected",
    scripts: {
      "await.sh": [
        {
          from: "while look; [[ ${ONLINE}${STATUS}${CONNECTED} != OnlineACTIVETrue ]]; do",
          to: "while false; do",
        },
      ],
    },
  },
];
