#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# command_line.sh PICOBARN - claims about the real program: exit statuses, man pages that mandoc
# takes, completion that the shells take. A shell or mandoc that is not there is passed over.
set -u
picobarn=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail()
{
    echo "FAILED: $*"
    failed=1
}

# claim STATUS PATTERN ARGUMENT...: the status, and a line of the output or errors
claim()
{
    local status=$1 pattern=$2
    shift 2
    "$picobarn" "$@" >"$work/out" 2>&1
    local got=$?
    [ $got -eq "$status" ] || fail "picobarn $*: status $got, not $status"
    grep -q -e "$pattern" "$work/out" || fail "picobarn $*: no '$pattern' in: $(cat "$work/out")"
}

claim 0 '^Usage: picobarn COMMAND'
claim 0 '^Usage: picobarn COMMAND' --help
claim 0 '^Usage: picobarn COMMAND' -h
claim 0 '^Usage: picobarn COMMAND' help
claim 0 '^picobarn [0-9]' version
claim 0 '^picobarn [0-9]' --version
claim 0 '"version": "[0-9]' version -o json
claim 0 '^Usage: picobarn version' version --help
claim 0 '^Usage: picobarn version' help version
claim 2 "^picobarn: unknown command 'versoin' (did you mean 'version'?)" versoin
claim 2 "^picobarn: unknown command 'versoin'" help versoin
claim 2 "^picobarn: version: unknown option '--outptu' (did you mean '--output'?)" version --outptu
claim 2 "^picobarn: completion: takes bash|zsh|fish, not 'csh'" completion csh
claim 2 "^picobarn: unknown command '?\[31m?'" $'\e[31m\x07' # steers no terminal

# Nothing says success whose output was lost.
if [ -w /dev/full ]; then
    "$picobarn" help >/dev/full 2>"$work/err"
    [ $? -eq 4 ] || fail 'help on a full disk does not end with 4'
    grep -q '^picobarn: standard output: No space' "$work/err" || fail 'full disk: no reason'
fi
"$picobarn" help >&- 2>/dev/null
[ $? -eq 4 ] || fail 'help with standard output closed does not end with 4'
"$picobarn" help 2>&- >/dev/null <&-
[ $? -eq 0 ] || fail 'help without standard input and error does not end with 0'

mkdir "$work/man"
"$picobarn" man --into "$work/man" || fail 'man --into'
for command in $("$picobarn" help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'); do
    [ -s "$work/man/picobarn-$command.1" ] || fail "no man page of $command"
    "$picobarn" man "$command" | cmp -s - "$work/man/picobarn-$command.1" || fail "man $command"
    claim 0 "^Usage: picobarn $command" "$command" --help
done
[ -s "$work/man/picobarn.1" ] || fail 'no man page of picobarn'
if command -v mandoc >/dev/null; then
    mandoc -T lint -W error "$work"/man/*.1 || fail 'mandoc finds errors'
fi

for shell in bash zsh fish; do
    claim 0 picobarn completion $shell
    if command -v $shell >/dev/null; then
        $shell -n "$work/out" || fail "$shell does not take its completion"
    fi
done

# complete WORDS... EXPECTED: what bash offers for the last of the words
completes()
{
    local expected=${*: -1}
    COMP_WORDS=("${@:1:$#-1}")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _picobarn
    [ "${COMPREPLY[*]}" = "$expected" ] ||
        fail "completion of '${COMP_WORDS[*]}': '${COMPREPLY[*]}', not '$expected'"
}
"$picobarn" completion bash >"$work/bash"
source "$work/bash"
mkdir "$work/here" "$work/here/a folder"
cd "$work/here" || exit 1
completes picobarn vers 'version'
completes picobarn version --o '--output'
completes picobarn version --output '' 'json text'
completes picobarn version --output = 'json text'
completes picobarn version --output = j 'json'
completes picobarn version -o t 'text'
completes picobarn completion '' 'bash zsh fish'
completes picobarn help vers 'version'
completes picobarn version '' ''

[ $failed -eq 0 ] && echo 'all claims hold'
exit $failed
