#!/bin/sh
# Fails when a translate("...") in vm/ has no Portuguese entry, when an entry is not used, or when the
# two texts of an entry do not have the same {} places to fill.
set -eu
export LC_ALL=C.UTF-8
folder=$(cd "$(dirname "$0")" && pwd)
cd "$folder/../../.."
catalogue=vm/base/po/pt_BR.po
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

find vm -name '*.cpp' -o -name '*.h' | sort |
  xgettext --files-from=- --language=C++ --keyword --keyword=translate --from-code=UTF-8 --no-wrap \
    --output="$work/messages.pot"
msgfmt --check --output-file=/dev/null "$catalogue"
msgcmp "$catalogue" "$work/messages.pot" 2>"$work/differences" || { cat "$work/differences" >&2; exit 1; }
if [ -s "$work/differences" ]; then
  cat "$work/differences" >&2
  echo "check.sh: $catalogue has entries that no translate() uses" >&2
  exit 1
fi

msgcat --no-wrap "$catalogue" | awk '
  function places(text,   found, count) {
    found = ""; count = 0
    while (match(text, /\{[^{}]*\}/)) {
      count++
      # Numbered places may stand in another order in the translation: their sum and count must agree.
      found += substr(text, RSTART + 1, RLENGTH - 2) + 1
      text = substr(text, RSTART + RLENGTH)
    }
    return count " places, numbers adding to " (found + 0)
  }
  function finish() {
    if (message != "" && places(message) != places(translation)) {
      print "check.sh: the places to fill differ: " message > "/dev/stderr"; wrong = 1
    }
    message = ""; translation = ""; part = ""
  }
  /^msgid /  { finish(); part = "message"; message = substr($0, 7) }
  /^msgstr / { part = "translation"; translation = substr($0, 8) }
  /^"/ && part == "message"     { message = message $0 }
  /^"/ && part == "translation" { translation = translation $0 }
  END        { finish(); exit wrong }'
