import type { Finding } from "../report/schemas/doctor-report";

/** Findings about one subject, from lines about problems and failed checks; a good one without any. */
export function findings(
  about: string,
  {
    wrong = [],
    unchecked = [],
  }: { readonly wrong?: readonly string[]; readonly unchecked?: readonly string[] },
  good = "as it should be",
): Finding[] {
  const of = (state: Finding["state"]) => (message: string) => ({ about, state, message });
  const found = [...wrong.map(of("fail")), ...unchecked.map(of("warn"))];
  return found.length > 0 ? found : [of("ok")(good)];
}
