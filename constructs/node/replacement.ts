/** How a user replaces a node of ours, machine and all, worded to continue a sentence. */
export function replacingNode(site: string, node: string): string {
  return `replace the node by \`npm run deploy -- --replace ${site}/${node}\``;
}

/** The same of a server that somebody else runs, whose registration is all that is ours. */
export function replacingServer(site: string, node: string): string {
  return `${replacingNode(site, node)}, then let its server join again by \`npx anywhere join ${site} ${node}\``;
}
