#!/bin/sh
# Debian packages that the tests drive for real: installed here by root, named with one line for everybody else.
# Usage: test-system.sh PYTHON
python=$1
packages=
command -v chromium >/dev/null || packages="$packages chromium"
command -v bwrap >/dev/null || packages="$packages bubblewrap"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages="$packages postgresql"
"$python" -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "The tests use programs that this machine does not have. This brings them:" >&2
    echo "    sudo apt-get install$packages" >&2
    exit 1
fi
echo "Installing what the tests use:$packages …"
log=var/logs/apt.log
here=$(dirname "$0")
"$here/quietly.sh" "$log" apt-get update
# shellcheck disable=SC2086 -- a list of words is meant
DEBIAN_FRONTEND=noninteractive exec "$here/quietly.sh" "$log" apt-get install -y --no-install-recommends $packages
