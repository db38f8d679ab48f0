#!/usr/bin/env node
import { createRequire } from 'node:module';
// Required, not imported: an imported CommonJS file is searched for its exports first, which takes longer than --help.
createRequire(import.meta.url)('../dist/audit-export.cjs');
