#!/usr/bin/env bash
# Runs the test suite on each Node version named; the npm package `node` brings the binaries.
#   scripts/test-nodes.sh [--without-examples] 20 22 24 26
set -euo pipefail
cd "$(dirname "$0")/.."

files=(test/*.test.ts test/*/*.test.ts test/*/*/*.test.ts test/*/*/*/*.test.ts)
if [[ ${1:-} == --without-examples ]]; then
  shift
  mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -v '^test/examples/')
fi

for version in "$@"; do
  npm exec --yes --package="node@$version" -- bash -c \
    'echo "Node $(node --version)"; exec node --import tsx --test --test-concurrency=4 --test-reporter=tap "$@"' \
    bash "${files[@]}"
done
