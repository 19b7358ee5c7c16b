import type { Environment } from "../../config/schema";

/** A worker without a port, only on nodes with a GPU, in a server room. */
export default {
  name: "worker",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: {
    berlin: { kind: "on-premises", nodes: { "rack-1": {}, "rack-2": { attributes: { gpu: "a4000" } } } },
  },
  services: {
    transcoder: {
      image: "registry.example/media/transcoder:2.4.1",
      command: ["transcode", "--queue", "https://sqs.eu-west-1.amazonaws.com/111122223333/videos"],
      cpuUnits: 2048,
      memoryMiB: 4096,
      on: { gpu: "a4000" },
      stopSeconds: 600,
      permissions: [
        {
          actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
          resources: ["arn:aws:sqs:eu-west-1:111122223333:videos"],
        },
      ],
    },
  },
} satisfies Environment;
