#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tidy.sh FOLDER - clang-tidy finds nothing in the folder's C files and in our headers that they
# include. Needs a configured build/clang.
set -eu
cd "$(dirname "$0")/../.."
git -c safe.directory='*' ls-files -z "$1/*.c" |
    xargs -0 -n 1 clang-tidy-14 --quiet -p build/clang --header-filter="^$PWD/[^/]*/[^.]*\.h" \
        2> >(grep -v -E '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -' >&2)
