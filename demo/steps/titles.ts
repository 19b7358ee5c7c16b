/** The demo's steps, in their order. */
export const titles = {
  deploy: "Deploy two nodes, three services and a job",
  read: "Read the page through the load balancer",
  job: "Wait until the job has run",
  status: "Look at all of it: npx anywhere status",
  plan: "Plan again, in the shell that the demo offers: npm run diff",
  update: "Update a service while requests come in",
  grow: "Scale to three nodes",
  shrink: "Scale to one node",
  destroy: "Destroy everything",
  count: "Count what is left",
} as const;
