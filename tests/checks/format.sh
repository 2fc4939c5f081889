#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# format.sh - every C file is formatted as .clang-format says. To format: clang-format-14 -i FILE.
set -eu
cd "$(dirname "$0")/../.."
git -c safe.directory='*' ls-files -z '*.c' '*.h' | xargs -0 clang-format-14 --dry-run -Werror
