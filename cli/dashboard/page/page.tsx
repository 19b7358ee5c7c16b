import { render } from "preact";
import { useEffect } from "preact/hooks";
import { isStale, useFeed } from "./connection";
import { Events } from "./events";
import { Header } from "./header";
import { Problems } from "./problems";
import { Services } from "./services";
import { Site } from "./site";

function Page() {
  const { told, isConnected } = useFeed();
  const report = told?.look.report;
  useEffect(() => {
    if (report !== undefined) {
      const count = report.problems.length;
      document.title = `${count === 0 ? "" : `(${count}) `}${report.deployment} · ECS Anywhere`;
    }
  }, [report]);
  if (told === undefined || report === undefined) {
    return <p class="empty">{isConnected ? "Looking…" : "No answer: is the command still running?"}</p>;
  }
  return (
    <>
      <a class="skip" href="#sites">
        Skip to the sites
      </a>
      <Header told={told} isConnected={isConnected} />
      <div class={isStale({ told, isConnected }) ? "columns stale" : "columns"}>
        <main>
          <Problems report={report} />
          <Services report={report} />
          <div id="sites" tabIndex={-1}>
            {report.sites.map((site) => (
              <Site key={site.site} site={site} report={report} />
            ))}
          </div>
        </main>
        <Events events={told.look.events} at={report.at} />
      </div>
    </>
  );
}

const place = document.getElementById("page");
if (place !== null) {
  render(<Page />, place);
}
