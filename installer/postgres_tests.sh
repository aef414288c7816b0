#!/usr/bin/env bash
# Runs the store's tests against a PostgreSQL server of their own, besides SQLite.
#
#     installer/postgres_tests.sh [pytest options]
#
# Installs Debian's PostgreSQL where it is missing, makes a server in a temporary folder that listens on this
# computer only, and takes it down again. Needs the environment that installer/bootstrap.py makes.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
[ -x "$python" ] || { echo "There is no $python; run 'python3 installer/bootstrap.py test' first." >&2; exit 2; }

programs() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
if [ ! -x "$(programs)/initdb" ]; then
    "${as_root[@]}" apt-get install -y --no-install-recommends postgresql ||
        { "${as_root[@]}" apt-get update && "${as_root[@]}" apt-get install -y --no-install-recommends postgresql; }
fi
bin=$(programs)
"$python" -c 'import psycopg' 2>/dev/null ||
    "$python" -m pip install -q -c installer/constraints.txt 'psycopg[binary]'

# the server refuses to run as root
as_owner=()
# hundreds of databases are made and dropped: in memory where there is room for that
room=$(df --output=avail -m /dev/shm 2>/dev/null | tail -n 1)
[ "${room:-0}" -gt 1000 ] && base=/dev/shm || base=/tmp
folder=$(mktemp -d "$base/miqa-postgres-XXXXXX")
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as_owner=(runuser -u postgres --)
fi
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
password=$("$python" -c 'import secrets; print(secrets.token_hex(12))')

take_down() {
    (cd / && "${as_owner[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1) || true
    rm -rf "$folder"
}
trap take_down EXIT

(
    umask 077
    printf '%s\n' "$password" > "$folder/password"
)
[ "$(id -u)" = 0 ] && chown postgres "$folder/password"
cd /
"${as_owner[@]}" "$bin/initdb" -D "$folder/data" -U miqa -E UTF8 --locale=C.UTF-8 \
    --auth=scram-sha-256 --pwfile="$folder/password" >/dev/null
"${as_owner[@]}" "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder" start >/dev/null
cd - >/dev/null

export MIQA_TEST_POSTGRES="postgresql+psycopg://miqa:$password@127.0.0.1:$port/postgres"
"$python" -m pytest tests/store tests/cli/test_audit.py "$@"
