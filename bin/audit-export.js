#!/usr/bin/env node
// The program is bundled when the package is installed or built.
import '../dist/audit-export.js';
