/* A buffer with room for one item: bounded_buffer.lua. What only the owner of the guard touches is one step there or several,
   which nobody can tell. */
#define ACQUIRE(lock) atomic { !lock -> lock = true }

bool guard, waiting[4], wrong;
short items;

inline wait(i) {
  waiting[i] = true;
  guard = false;
  !waiting[i];
  ACQUIRE(guard)
}

inline notify_all() {
  d_step {
    waiting[1] = false;
    waiting[2] = false;
    waiting[3] = false
  }
}

proctype worker(byte i, times; short full_or_empty, change) {
  byte k;
  for (k : 1 .. times) {
    ACQUIRE(guard);
#ifdef once
    if
    :: items == full_or_empty -> wait(i)
    :: else
    fi;
#else
    do
    :: items == full_or_empty -> wait(i)
    :: else -> break
    od;
#endif
    items = items + change;
    if
    :: items < 0 || items > 1 -> wrong = true
    :: else
    fi;
    notify_all();
    guard = false
  }
}

init {
  atomic {
    run worker(1, 2, 1, 1);
    run worker(2, 1, 0, -1);
    run worker(3, 1, 0, -1)
  }
  _nr_pr == 1;
  if
  :: wrong -> printf("outcome true\n")
  :: else -> printf("outcome false\n")
  fi;
  assert(!wrong)
}
