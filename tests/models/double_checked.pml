/* Double-checked initialisation: double_checked.lua. The object that worker i makes has the number i; 0 is nil. */
bool locked;
byte object, made, values[3], without;

proctype worker(byte i) {
  byte seen, value;
  seen = object;
  if
  :: !seen ->
     atomic { !locked -> locked = true };
#ifndef once
     seen = object;
#endif
     if
     :: !seen ->
        made = made + 1;
#ifdef early
        object = i;
#endif
        values[i] = 42;
        object = i
     :: else
     fi;
     locked = false
  :: else
  fi;
  seen = object;
  value = values[seen];
  if
  :: value != 42 -> without = without + 1
  :: else
  fi
}

init {
  atomic { run worker(1); run worker(2) }
  _nr_pr == 1;
  printf("outcome %d\n", 10 * made + without);
  assert(10 * made + without == 10)
}
