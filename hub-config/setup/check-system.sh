#!/bin/sh
# Names everything that the system lacks, in one sentence, with the one line that mends it.
# Usage: check-system.sh PYTHON [no-hub]     no-hub: the tools of the hub are not needed this time
python=$1
missing=
packages=

lacks() { # what, package
    missing="$missing${missing:+, }$1"
    packages="$packages $2"
}

version_at_least() { # version, least major
    [ "${1%%.*}" -ge "$2" ] 2>/dev/null
}

if ! command -v "$python" >/dev/null; then
    lacks "Python 3.11 or newer ($python)" "python3 python3-venv"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    lacks "Python 3.11 or newer ($python is $("$python" -c 'import platform; print(platform.python_version())'))" \
        "python3 python3-venv"
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    lacks "Python's venv module" "${python##*/}-venv"
fi

if [ "$2" != no-hub ]; then
    if ! command -v node >/dev/null; then
        lacks "node 18 or newer" nodejs
    elif ! version_at_least "$(node --version | tr -d v)" 18; then
        lacks "node 18 or newer (it is $(node --version))" nodejs
    fi
    command -v npm >/dev/null || lacks npm npm
    command -v bwrap >/dev/null || no_walls=yes
fi

root=
[ "$(id -u)" = 0 ] || root="sudo "
if [ -n "$missing" ]; then
    echo "londata needs what this machine does not have: $missing${no_walls:+, bubblewrap}. This mends it:" >&2
    echo "    ${root}apt-get install$packages${no_walls:+ bubblewrap}" >&2
    exit 1
fi
if [ -n "$no_walls" ]; then
    echo "!! bubblewrap is not installed: users of the hub are NOT kept apart, and it serves open data only." >&2
    echo "!! This mends it:    ${root}apt-get install bubblewrap" >&2
fi
exit 0
