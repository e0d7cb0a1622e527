#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs examples/librhiz/check.c: on a sound zone, a name that is not there, a broken zone, no zone.
# usage: example.sh PROGRAM
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
want() # what is expected, exit code, arguments...
{
    text=$1 code=$2
    shift 2
    got=0
    said=$("$program" "$@" 2>&1) || got=$?
    if [ "$got" != "$code" ] || [ "$said" != "$text" ]; then
        printf 'arguments %s: exit %s, wanted %s; said:\n%s\nwanted:\n%s\n' "$*" "$got" "$code" "$said" "$text"
        exit 1
    fi
}
program=$1
cat >"$folder/good" <<'ZONE'
$ORIGIN example.
@ 3600 SOA ns1 hostmaster 1 7200 3600 1209600 300
@ 3600 NS ns1
@ 3600 NS ns2
ns1 3600 A 192.0.2.1
ns2 3600 A 192.0.2.2
web 60 A 192.0.2.80
ZONE
{ cat "$folder/good"; echo 'bad A 192.0.2.256'; } >"$folder/bad"
want 'web.example. 60 192.0.2.80' 0 "$folder/good" web.example
said=$("$program" "$folder/good" nothere.example 2>&1) && exit 1
[ -n "$said" ] || { echo 'nothing is said of a name that is not there'; exit 1; }
said=$("$program" "$folder/bad" web.example 2>&1) && exit 1
case $said in "$folder/bad:8:"*': error: '*) ;; *) echo "the error is not told: $said"; exit 1 ;; esac
said=$("$program" "$folder/none" web.example 2>&1) && exit 1
want '' 2
echo good
