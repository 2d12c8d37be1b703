/* A lock-free stack: aba_stack.lua. What is atomic here has a lock around it there. */
#ifdef tagged
#define STEP 4
#else
#define STEP 0
#endif

byte top = 1, below[3], held[3], places[3];

inline compare_and_swap(node_below) {
  atomic {
    same = (top == old);
    if
    :: same -> top = (old / 4) * 4 + STEP + node_below
    :: else
    fi
  }
}

inline pop(result) {
  do
  :: old = top;
     node = old % 4;
     if
     :: node == 0 -> break
     :: else
     fi;
     next = below[node];
     compare_and_swap(next);
     if
     :: same -> break
     :: else
     fi
  od;
  result = node
}

inline push(pushed) {
  do
  :: old = top;
     below[pushed] = old % 4;
     compare_and_swap(pushed);
     if
     :: same -> break
     :: else
     fi
  od
}

proctype popper() {
  byte old, node, next;
  bool same;
  pop(held[1])
}

proctype pusher() {
  byte old, node, next, first;
  bool same;
  pop(first);
  pop(held[2]);
  if
  :: first != 0 -> push(first)
  :: else
  fi
}

inline count(node) {
  if
  :: node != 0 -> places[node] = places[node] + 1
  :: else
  fi
}

init {
  byte node, k;
  below[1] = 2;
  atomic { run popper(); run pusher() }
  _nr_pr == 1;
  count(held[1]);
  count(held[2]);
  node = top % 4;
  for (k : 1 .. 2) {
    count(node);
    if
    :: node != 0 -> node = below[node]
    :: else
    fi
  }
  printf("outcome %d\n", 10 * places[1] + places[2]);
  assert(10 * places[1] + places[2] == 11)
}
