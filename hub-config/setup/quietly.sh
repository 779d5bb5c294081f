#!/bin/sh
# Runs a command and says nothing unless it fails; then it shows the end of what the command said, without addresses.
# Usage: quietly.sh LOG COMMAND…
log=$1
shift
mkdir -p "$(dirname "$log")"
"$@" >"$log" 2>&1 && exit 0
code=$?
tail -n 20 "$log" | sed -E 's#[a-z+]+://[^[:space:]]+#(address)#g; s#host=[^,)]+#host=(address)#g' >&2
echo "This failed: $*. The whole story is in $log." >&2
exit "$code"
