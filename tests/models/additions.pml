/* Two threads add 1 to a counter, N times each: additions.lua. */
#ifndef N
#define N 1
#endif

byte counter;

proctype worker() {
  byte k, loaded;
  for (k : 1 .. N) {
    loaded = counter;
    counter = loaded + 1
  }
}

init {
  atomic { run worker(); run worker() }
  _nr_pr == 1;
  printf("outcome %d\n", counter);
  assert(counter == 2 * N)
}
