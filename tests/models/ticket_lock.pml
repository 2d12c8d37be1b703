/* A ticket lock: ticket_lock.lua. What is atomic here has a lock around it there. */
byte next_number, called, counter;

proctype worker() {
  byte number, seen, loaded;
#ifdef broken
  number = next_number;
  next_number = number + 1;
#else
  atomic {
    number = next_number;
    next_number = number + 1
  }
#endif
  do
  :: seen = called;
     if
     :: seen == number -> break
     :: else
     fi
  od;
  loaded = counter;
  counter = loaded + 1;
  called = number + 1
}

init {
  atomic { run worker(); run worker() }
  _nr_pr == 1;
  printf("outcome %d\n", counter);
  assert(counter == 2)
}
