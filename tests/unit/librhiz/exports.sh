#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shared library exports names that begin with rhiz_ and no others.
set -eu
names=$(nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sed 's/@.*//')
[ -n "$names" ] || { echo "nothing is exported"; exit 1; }
others=$(echo "$names" | grep -v '^rhiz_' || true)
[ -z "$others" ] || { echo "exported and not rhiz_: $others"; exit 1; }
