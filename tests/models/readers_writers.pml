/* Readers and writers: readers_writers.lua. */
#define ACQUIRE(lock) atomic { !lock -> lock = true }

bool room, counting;
byte left, right, readers, differ;

proctype writer() {
#ifndef broken
  ACQUIRE(room);
#endif
  left = 1;
  right = 1;
#ifndef broken
  room = false
#endif
}

proctype reader() {
  byte seen, other;
  ACQUIRE(counting);
  readers = readers + 1;
  if
  :: readers == 1 -> ACQUIRE(room)
  :: else
  fi;
  counting = false;
  seen = left;
  other = right;
  if
  :: seen != other -> differ = differ + 1
  :: else
  fi;
  ACQUIRE(counting);
  readers = readers - 1;
  if
  :: readers == 0 -> room = false
  :: else
  fi;
  counting = false
}

init {
  atomic { run writer(); run reader(); run reader() }
  _nr_pr == 1;
  printf("outcome %d\n", differ);
  assert(differ == 0)
}
