#!/usr/bin/env bash
# Checks every #include of vm/ against the arrows of docs/architecture.md: a folder uses only what stands beside it.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A uses=(
  [base]='' [bytecode]='base' [heap]='base' [object]='heap bytecode base' [frontend]='object heap bytecode base'
  [runtime]='object heap bytecode base' [interp]='runtime object heap bytecode base'
  [sched]='runtime object heap bytecode base' [process]='runtime object heap bytecode base'
  [explore]='sched runtime object heap bytecode base'
  [race]='runtime object heap bytecode base'
  [copy]='runtime frontend object heap bytecode base'
  [lib]='interp copy sched process frontend runtime object heap bytecode base' [report]='base'
  [main]='report explore race lib interp copy sched process frontend runtime object heap bytecode base'
)

wrong=0
while IFS=: read -r file line include; do
  folder=${file#vm/}
  folder=${folder%%/*}
  used=${include#*\"vm/}
  used=${used%%/*}
  [[ $used == "$folder" || " ${uses[$folder]-} " == *" $used "* || $used == gilvm.h* ]] && continue
  printf '%s:%s: %s may not include from vm/%s\n' "$file" "$line" "vm/$folder" "$used"
  wrong=1
done < <(grep -rnE '^#include "vm/' vm --include='*.cpp' --include='*.h' | grep -v '^vm/gilvm.h')

# liblua is used by the compiler and by the one file that lends its string functions.
while IFS= read -r file; do
  case $file in
    vm/frontend/lua_compiler.cpp | vm/lib/lent_functions.cpp) ;;
    *) printf '%s may not include <lua.hpp>\n' "$file"; wrong=1 ;;
  esac
done < <(grep -rlE '#include <l(ua|auxlib|ualib)' vm)
exit "$wrong"
