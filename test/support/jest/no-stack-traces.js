"use strict";

/** In place of CDKTF's, and of that of constructs. */
exports.captureStackTrace = () => [];
