#!/usr/bin/env bash
# Runs the test suite on each Node version named; the npm package `node` brings the binaries.
#   scripts/test-nodes.sh [--edges] 20 22 24 26
# --edges: only what meets Node itself (files, sockets, processes, streams, the program as a whole), not the pure core, nor
# what is data, nor the long lists of burns, faults and kills.
set -euo pipefail
cd "$(dirname "$0")/.."

files=(test/*.test.ts test/*/*.test.ts test/*/*/*.test.ts test/*/*/*/*.test.ts)
if [[ ${1:-} == --edges ]]; then
  shift
  mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -vE '^test/(burns|config|core|examples|faults|sources|sweep)/')
fi

for version in "$@"; do
  npm exec --yes --package="node@$version" -- bash -c \
    'echo "Node $(node --version)"; exec node --import tsx --test --test-concurrency=4 --test-reporter=tap "$@"' \
    bash "${files[@]}"
done
