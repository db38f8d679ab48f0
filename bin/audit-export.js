#!/usr/bin/env node
// The program is one file, bundled when the package is installed or built.
import '../dist/audit-export.cjs';
