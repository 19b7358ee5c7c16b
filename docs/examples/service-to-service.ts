import type { Environment } from "../../config/schema";

/** A public service with HTTPS that calls an internal one over the site's own network. */
export default {
  name: "shop",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 3 } },
  services: {
    web: {
      image: "registry.example/shop/web:42",
      environment: { API_URL: { service: "api" } },
      http: {
        port: 8080,
        loadBalancer: {
          listeners: [
            { protocol: "http", port: 80, redirectTo: 443 },
            { protocol: "https", port: 443, certificate: { domains: ["shop.example.com"] } },
          ],
        },
      },
    },
    api: {
      image: "registry.example/shop/api:42",
      http: { port: 8081, loadBalancer: { network: "internal" } },
    },
  },
} satisfies Environment;
