/** How a user replaces a node with its machine, worded to continue a sentence. */
export function replacingNode(site: string, node: string): string {
  return `replace the node with \`npm run deploy -- --replace ${site}/${node}\``;
}

/** The same for a server that somebody else runs, of which we replace only the registration. */
export function replacingServer(site: string, node: string): string {
  return `${replacingNode(site, node)}, then let its server join again with \`npx anywhere join ${site} ${node}\``;
}
