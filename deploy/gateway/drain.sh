#!/usr/bin/env bash
# Lets an Envoy end without losing a request: bash drain.sh LEAST MOST, in seconds. The image has no curl, so bash speaks HTTP.
set -euo pipefail
least=$1
most=$2
admin=${ADMIN_PORT:-19001}

ask() { # METHOD PATH
  exec 3<>"/dev/tcp/127.0.0.1/$admin"
  printf '%s %s HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n' "$1" "$2" >&3
  cat <&3
  exec 3>&-
}

# From now on it calls itself not ready and asks its callers, with each answer, to connect anew. It takes connections all
# the same: nodes and load balancers learn only by and by that they are to choose another.
ask POST /healthcheck/fail >/dev/null
SECONDS=0
sleep "$least"
# Callers who are in the middle of something are waited for.
while ((SECONDS < most)); do
  active=$(ask GET '/stats?filter=^http\.gateway\.downstream_rq_active$' | sed -n 's/^http\.gateway\.downstream_rq_active: \([0-9]*\).*/\1/p')
  [[ ${active:-0} != 0 ]] || break
  sleep 1
done
