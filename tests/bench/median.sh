# Who sources it has set `work`, the folder of what was measured.

# median LABEL EXPRESSION: of what awk's expression gives for each line.
median() {
  awk "{ print $2 }" "$work/$1" | sort -n |
    awk '{ value[NR] = $1 } END { print (NR % 2) ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'
}
