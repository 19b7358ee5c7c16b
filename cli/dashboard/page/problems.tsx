import type { Problem } from "../../fleet/problem";
import type { StatusReport } from "../../report/schemas/status-report";
import { groupsOf } from "./model/problems";
import { Sign } from "./sign";

/** All problems with their remedies, the most far-reaching first. */
export function Problems({ report: { problems } }: { readonly report: StatusReport }) {
  return (
    <section aria-labelledby="problems" class={problems.length === 0 ? "calm" : "alarm"}>
      <h2 id="problems" aria-live="polite">
        <Sign state={problems.length === 0 ? "good" : "bad"} />{" "}
        {problems.length === 0
          ? "No problems"
          : `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`}
      </h2>
      {groupsOf(problems).map(({ kind, shown, more }) => (
        <div key={kind} class="problems">
          <Items problems={shown} />
          {more.length > 0 && (
            <details>
              <summary>{more.length} more of this kind</summary>
              <Items problems={more} />
            </details>
          )}
        </div>
      ))}
    </section>
  );
}

function Items({ problems }: { readonly problems: readonly Problem[] }) {
  return (
    <ul>
      {problems.map(({ subject, message, remedy }) => (
        <li key={`${subject} ${message}`}>
          <strong>{subject}</strong> {message}
          <p class="remedy">
            <span aria-hidden="true">→ </span>
            {remedy}
          </p>
        </li>
      ))}
    </ul>
  );
}
