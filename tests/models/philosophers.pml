/* Three philosophers: philosophers.lua. */
#define TAKE(fork) atomic { !taken[fork] -> taken[fork] = true }

bool taken[4];

proctype worker(byte first, second) {
  TAKE(first);
  TAKE(second);
  taken[second] = false;
  taken[first] = false
}

init {
  atomic {
    run worker(1, 2);
    run worker(2, 3);
#ifdef ordered
    run worker(1, 3)
#else
    run worker(3, 1)
#endif
  }
  _nr_pr == 1;
  printf("outcome \"fed\"\n")
}
