#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rules_refuse.sh - shows that rules.sh can fail: a tree as it should be passes; with one wrong file
# more it is refused, by the rule that is meant and for that file. What only looks wrong passes.
set -u
rules=$(cd "$(dirname "$0")" && pwd)/rules.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0
spdx='/* SPDX-License-Identifier: Apache-2.0 */'

# put FILE TEXT: a file in the tree, known to git
put()
{
    mkdir -p "$tree/$(dirname "$1")"
    printf '%s\n' "$2" >"$tree/$1"
    git -C "$tree" add -f "$1"
}

# refused RULE FILE LINE...: a file with these lines breaks the rule, and no other one
refused()
{
    local rule=$1 file=$2
    shift 2
    put "$file" "$(printf '%s\n' "$@")"
    local said
    said=$("$rules" "$tree") && said="nothing"
    if ! grep -q "^$rule $file:" <<<"$said" || grep -qv "^$rule $file:" <<<"$said"; then
        echo "FAILED: $file with '$2' is to be refused by $rule; rules.sh says: $said"
        failed=1
    fi
    git -C "$tree" rm -qf --cached "$file"
    rm "$tree/$file"
}

# accepted FILE LINE...
accepted()
{
    local file=$1
    shift
    put "$file" "$(printf '%s\n' "$@")"
    local said
    if ! said=$("$rules" "$tree"); then
        echo "FAILED: $file is to be accepted; rules.sh says: $said"
        failed=1
    fi
}

git init -q "$tree"
accepted base/error.h "$spdx" '#include <stddef.h>'
accepted base/json.c "$spdx" '#include <jansson.h>' '#include "base/json.h"'
accepted worker/wire.c "$spdx" '#include "base/error.h"' '#include <zmq.h>'
accepted worker/shard.c "$spdx" '#include <omp.h>' '#pragma omp parallel for'
accepted scheduler/dispatch.c "$spdx" '#include "worker/wire.h"' '#include "analysis/partial.h"'
accepted k8s/http.c "$spdx" '#include <curl/curl.h>' '#include "k8s/k8s.h"'
accepted scheduler/launcher_jobs.c "$spdx" '#include "k8s/k8s.h"' '#include "k8s/manifest.h"'
accepted scheduler/ledger_rows.c "$spdx" '#include <sqlite3.h>'
accepted scheduler/main.c "$spdx" '    (void)fprintf(stderr, "x"); exit(1);'
accepted analysis/kinematics.c "$spdx" '/* exp(x), and printf(x) over' ' two lines: system(x) */' \
    '    double y = sqrt(x) + my_exp(x) + t->exp(x); // log(x)' '    f("strcpy(\"a\") /* stdout");'
accepted tests/test_hist.c "$spdx" '#include "worker/shard.h"' '    printf("x"); char a[] = "aXXX";'
accepted tests/run.sh '#!/bin/bash' '# SPDX-License-Identifier: Apache-2.0' 'cat /proc/self/root/x'
accepted CMakeLists.txt '# SPDX-License-Identifier: Apache-2.0' '# no -ffast-math'

refused include-direction base/a.c "$spdx" '#include "analysis/hist.h"'
refused include-direction base/a.h "$spdx" '#include "error.h"'
refused include-direction analysis/a.c "$spdx" '#include "worker/wire.h"'
refused include-direction worker/a.c "$spdx" '#include "scheduler/plan.h"'
refused include-direction k8s/a.c "$spdx" '#include "worker/wire.h"'
refused include-direction scheduler/a.c "$spdx" '#include "worker/reader.h"'
refused include-direction scheduler/a.c "$spdx" '#include "k8s/http.h"'
refused include-direction scheduler/commands/a.c "$spdx" '#include "worker/shard.h"'
refused include-direction data-samples/a.c "$spdx" '#include "analysis/hist.h"'

refused one-library-one-file worker/session.c "$spdx" '#include <zmq.h>'
refused one-library-one-file scheduler/run.c "$spdx" '#include <sqlite3.h>'
refused one-library-one-file worker/reader.c "$spdx" '#include <hdf5.h>'
refused one-library-one-file scheduler/a.c "$spdx" '#include <hdf5_hl.h>'
refused one-library-one-file worker/source.c "$spdx" '#include <zstd.h>'
refused one-library-one-file scheduler/a.h "$spdx" '#include <yaml.h>'
refused one-library-one-file worker/a.c "$spdx" '#include <jansson.h>'
refused one-library-one-file worker/a.c "$spdx" '#include <sodium.h>'
refused one-library-one-file worker/a.c "$spdx" '#include <xxhash.h>'
refused one-library-one-file analysis/a.c "$spdx" '#include <omp.h>'
refused one-library-one-file worker/a.c "$spdx" '#include <seccomp.h>'
refused one-library-one-file scheduler/a.c "$spdx" '#include <microhttpd.h>'
refused one-library-one-file scheduler/a.c "$spdx" '#include <librsvg/rsvg.h>'
refused one-library-one-file scheduler/a.c "$spdx" '#include <cairo.h>'
refused one-library-one-file k8s/k8s.c "$spdx" '#include <curl/curl.h>'
refused one-library-one-file tests/test_a.c "$spdx" '#include <cmocka.h>'
refused unknown-library scheduler/a.c "$spdx" '#include <gsl/gsl_histogram.h>'
refused openmp-in-one-file analysis/a.c "$spdx" '#pragma omp parallel for'

for name in strcpy strcat sprintf vsprintf strtok atoi atof gets alloca system; do
    refused banned-call worker/a.c "$spdx" "    x = $name(y);"
done
refused banned-call tests/test_a.c "$spdx" '    (void)system("ls");'
for name in sin cosf tan exp log log10 pow atan2 sinh cosh acosh hypot cbrt; do
    refused libm-in-analysis analysis/a.c "$spdx" "    double x = $name(y);"
done
refused prints base/a.c "$spdx" '    printf("x");'
refused prints scheduler/run.c "$spdx" '    (void)fprintf(stderr, "x");'
refused prints worker/shard.c "$spdx" '    puts("x");'
refused exits scheduler/run.c "$spdx" '    exit(1);'
refused exits worker/a.c "$spdx" '    _exit(1);'
refused typedef-struct base/a.h "$spdx" 'typedef struct hist hist;'
refused fast-math base/CMakeLists.txt '# SPDX-License-Identifier: Apache-2.0' 'add(-ffast-math)'
refused fast-math CMakePresets.json '"-O3 -march=native"'
refused fast-math analysis/a.c "$spdx" '#pragma GCC optimize fast-math'
refused left-over base/a.c "$spdx" '/* TO''DO: later */'
refused left-over README.md 'FIX''ME'
refused machine-path README.md "see /ho""me/me/picobarn"
refused machine-path base/a.c "$spdx" "f(\"/wo""rk/main\");"
refused licence base/a.c '#include <stdio.h>'
refused licence tests/a.sh '#!/bin/bash' 'true'
refused licence tests/system/test_a.py 'import os'
refused length base/a.c "$spdx" "$(seq 600 | sed 's|.*|int x&;|')"

[ "$failed" -eq 0 ] && echo 'every rule refuses what it should'
exit "$failed"
