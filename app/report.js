"use strict";

// A job: does something once, and ends with 0 when it has come through.
console.log(`report of ${new Date().toISOString()}`);
