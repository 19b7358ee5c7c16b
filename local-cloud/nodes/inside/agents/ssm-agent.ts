import { callAws } from "./cloud";
import { readRegistration, ssmAgent } from "./registration";
import { repeat, type Stop } from "../repetition";
import { log, reason, type Settings } from "../settings";

const heartbeatMilliseconds = 2000;
const retryMilliseconds = 5000;

/** Keeps this machine Online in Systems Manager while it is registered. */
export function startSsmAgent(settings: Settings): Stop {
  let complaint = "";
  return repeat(async () => {
    try {
      const registration = await readRegistration(settings);
      if (registration !== undefined) {
        await callAws(settings, `${ssmAgent.name}/${ssmAgent.version}`, "ssm", "UpdateInstanceInformation", {
          InstanceId: registration.managedInstanceId,
          AgentName: ssmAgent.name,
          AgentVersion: ssmAgent.version,
          AgentStatus: "Active",
          PlatformType: "Linux",
          PlatformName: "Ubuntu",
          PlatformVersion: "24.04",
          IPAddress: settings.publicIp,
          ComputerName: settings.hostname,
        });
      }
      complaint = "";
      return heartbeatMilliseconds;
    } catch (error) {
      if (complaint !== reason(error)) {
        complaint = reason(error);
        log(`${ssmAgent.name}: ${complaint}`);
      }
      return retryMilliseconds;
    }
  });
}
