"use strict";

/* global document */

const escaped = (text) => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const style = `
:root { color-scheme: light dark; --line: light-dark(#d0d7de, #3d444d); --dim: light-dark(#59636e, #9198a1); --on: light-dark(#1a7f37, #3fb950); --bad: light-dark(#cf222e, #f85149) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #f0f6fc) }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem } dt, p, figcaption { color: var(--dim) } dd { margin: 0; overflow-wrap: anywhere }
table { width: 100% } tr { display: grid; grid-template-columns: minmax(0, 13rem) minmax(0, 1fr); align-items: center; padding: .15rem 0 } th { font-weight: normal; text-align: left }
td { display: grid; grid-template-columns: repeat(40, 1fr); gap: 2px } i { height: 1.1rem; border-radius: 2px; background: var(--line) } .on { background: var(--on) } .bad .on { background: var(--bad) } .bad { color: var(--bad) }`;

// Runs in the browser: requests JSON twice a second, and shows which nodes answered.
function follow() {
  const most = 40;
  const answers = [];
  const draw = () => {
    const rows = [...new Set(answers)].sort().map((who) => {
      const row = document.createElement("tr");
      row.className = who.startsWith("no answer") ? "bad" : "";
      const name = document.createElement("th");
      name.textContent = who;
      const cells = document.createElement("td");
      for (let index = 0; index < most; index += 1) {
        const cell = document.createElement("i");
        cell.className = answers[index] === who ? "on" : "";
        cells.append(cell);
      }
      row.append(name, cells);
      return row;
    });
    document.querySelector("table").replaceChildren(...rows);
  };
  const ask = async () => {
    let who;
    try {
      const response = await fetch("/", {
        headers: { accept: "application/json" },
        signal: AbortSignal.timeout(5000),
      });
      const { site, node } = await response.json();
      who = response.ok
        ? `${site}/${node}, version ${response.headers.get("app-version")}`
        : `no answer: ${response.status}`;
    } catch {
      who = "no answer";
    }
    answers.unshift(who);
    answers.splice(most);
    draw();
  };
  setInterval(ask, 500);
}

/** The page for people: where it comes from, and a map of the latest answers by node. */
function page({ site, node, task, version, api, error }) {
  const facts = [
    ["Site", site],
    ["Node", node],
    ["Task", task],
    ["Version", version],
    ...(api === undefined ? [] : [["It asked", `api on ${api.site}/${api.node}`]]),
    ...(error === undefined ? [] : [["Failed", error]]),
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(node)} answers</title>
<link rel="icon" href="data:,">
<style>${style}</style>
<h1>A container on ${escaped(node)} answers</h1>
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value)}</dd>`).join("")}</dl>
<h2>Recent answers</h2>
<figure style="margin: 0"><table></table><figcaption>The newest of 40 answers is on the left. Deploy, scale or switch a node off, and watch.</figcaption></figure>
<noscript><p>The map needs JavaScript. Without it, reload the page to see which node answers.</p></noscript>
<script>(${follow.toString()})()</script>
</html>
`;
}

module.exports = { page };
