/* Dekker's lock for two threads: dekker.lua. */
bool wants[3];
byte turn = 1, counter;

proctype worker(byte i) {
  byte other = 3 - i, whose, loaded;
  bool wanted;
#ifndef broken
  wants[i] = true;
#endif
  do
  :: wanted = wants[other];
     if
     :: !wanted -> break
     :: else
     fi;
     whose = turn;
     if
     :: whose == other ->
        wants[i] = false;
        do
        :: whose = turn;
           if
           :: whose != other -> break
           :: else
           fi
        od;
        wants[i] = true
     :: else
     fi
  od;
  loaded = counter;
  counter = loaded + 1;
  turn = other;
  wants[i] = false
}

init {
  atomic { run worker(1); run worker(2) }
  _nr_pr == 1;
  printf("outcome %d\n", counter);
  assert(counter == 2)
}
