#!/usr/bin/env node
// CommonJS (see package.json beside it), which starts 5 ms sooner than an ES module.
require('./start.js');
