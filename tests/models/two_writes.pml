/* Two threads write a and b: two_writes.lua. */
byte a, b;

proctype worker(byte i) {
  if
#ifdef opposite
  :: i == 2 ->
     b = i;
     a = i
#endif
  :: else ->
     a = i;
     b = i
  fi
}

init {
  atomic { run worker(1); run worker(2) }
  _nr_pr == 1;
  printf("outcome %d\n", 10 * a + b);
  assert(10 * a + b == 22)
}
