import { service, type Health, type Http, type Service } from "../../../config/services/service";

/** A service on port 8080 with these health numbers, complete. */
export function handingOver(handover: Http["handover"], health: Health, more: object = {}): Service {
  return service.parse({
    image: "registry.example/shop/app:v1",
    http: { port: 8080, handover, health },
    ...more,
  });
}
