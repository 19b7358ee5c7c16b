import type { Finding } from "../report/schemas/doctor-report";
import { findings } from "./findings";

/**
 * Source: AWS General Reference, "Elements of an AWS API request signature": a request's time may be up to five minutes
 * off.
 */
const limits = { fail: 240, warn: 60 };

/** Whether this computer's clock agrees with AWS's. @param ahead milliseconds by which it is ahead */
export function clockFindings(ahead: number): Finding[] {
  const about = "clock";
  const off = Math.round(Math.abs(ahead) / 1000);
  const text = `${off} s ${ahead < 0 ? "behind" : "ahead of"} AWS's`;
  const remedy = `${text}: set it by NTP ("timedatectl set-ntp true"); AWS rejects requests that are five minutes off`;
  if (off > limits.fail) {
    return findings(about, { wrong: [remedy] });
  }
  return findings(about, off > limits.warn ? { unchecked: [remedy] } : {}, text);
}
