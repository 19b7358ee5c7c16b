"use strict";

// Works all the time, without a port. A real one would take its work from a queue.
const pauseSeconds = Number(process.env.PAUSE_SECONDS ?? 10);

const timer = setInterval(() => console.log("working"), pauseSeconds * 1000);
console.log("ready");

process.on("SIGTERM", () => {
  console.log("stopping");
  clearInterval(timer);
});
