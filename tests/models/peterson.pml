/* Peterson's lock for two threads: peterson.lua. Each look at a shared variable is a step of its own.

   A run that never ends is a cycle of states (pan -l -f) here, where gilvm says deadlock. */
bool wants[3];
byte turn = 1, counter;

proctype worker(byte i) {
  byte other = 3 - i, whose, loaded;
  bool wanted;
#ifndef broken
  wants[i] = true;
#endif
  turn = other;
  do
  :: wanted = wants[other];
     if
     :: !wanted -> break
     :: else
     fi;
#ifndef no_turn
     whose = turn;
     if
     :: whose != other -> break
     :: else
     fi
#endif
  od;
  loaded = counter;
  counter = loaded + 1;
  wants[i] = false
}

init {
  atomic { run worker(1); run worker(2) }
  _nr_pr == 1;
  printf("outcome %d\n", counter);
  assert(counter == 2)
}
