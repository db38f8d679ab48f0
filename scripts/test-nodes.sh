#!/usr/bin/env bash
# Runs the test suite on each Node version named; the npm package `node` brings the binaries.
#   scripts/test-nodes.sh 20 22 24 26
set -euo pipefail
cd "$(dirname "$0")/.."

for version in "$@"; do
  npm exec --yes --package="node@$version" -- bash -c \
    'echo "Node $(node --version)"; exec node --import tsx --test --test-concurrency=4 --test-reporter=tap test/*.test.ts test/*/*.test.ts test/*/*/*.test.ts test/*/*/*/*.test.ts'
done
