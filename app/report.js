"use strict";

// A job: does something once, and exits with 0 on success.
console.log(`report of ${new Date().toISOString()}`);
