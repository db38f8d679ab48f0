#!/usr/bin/env bash
# Runs the test suite on each Node version named; the npm package `node` brings the binaries.
#   test/tools/test-nodes.sh [--edges] 20 22 24 26
# --edges: only what meets Node itself: files, sockets, processes, streams, and the program from its start to its end.
set -euo pipefail
cd "$(dirname "$0")/../.."

files=(test/*.test.ts test/*/*.test.ts test/*/*/*.test.ts test/*/*/*/*.test.ts)
if [[ ${1:-} == --edges ]]; then
  shift
  mapfile -t files < <(printf '%s\n' "${files[@]}" |
    grep -E '^test/((environment|io)/|(bundle|cli|command|main|output-file|stdin)\.)')
fi

# From 22.18 on, Node reads TypeScript by itself, a fifth faster.
run='echo "Node $(node --version)"
[[ $(node -p process.features.typescript) == strip ]] && reader=() || reader=(--import tsx)
exec node "${reader[@]}" --test --test-concurrency=4 --test-reporter=tap "$@"'

for version in "$@"; do
  npm exec --yes --package="node@$version" -- bash -c "$run" bash "${files[@]}"
done
