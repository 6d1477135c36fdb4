#!/usr/bin/env bash
# Installs Debian's chromium, in which the tests open the report's page. Without apt, root or sudo it says so and ends well: those tests
# then skip, or fail where REQUIRE_SHARED_DATA=1.
set -euo pipefail

CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
say() { printf 'chromium: %s\n' "$*"; }
without() { say "$*. The tests of the report's page are skipped. Any Chromium will do: CHROMIUM=/path/to/chromium make test"; exit 0; }

[ ! -x "$CHROMIUM" ] || exit 0
command -v apt-get >/dev/null || without "found no $CHROMIUM, and there is no apt-get here"
if [ "$(id -u)" = 0 ]; then as_root=(env)
elif command -v sudo >/dev/null; then as_root=(sudo env)
else without "found no $CHROMIUM; apt-get needs root or sudo, and here is neither. Ask for: apt-get install -y --no-install-recommends chromium"
fi
install=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium)
say "${install[*]}   (about 300 MB)"
"${install[@]}" || { "${as_root[@]}" apt-get update && "${install[@]}"; } || without 'apt-get could not install it; its message is above'
