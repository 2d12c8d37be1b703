# Nanoseconds of one operation each, as lines "name nanoseconds"; sync.lua does the same in gilvm.
import asyncio
import multiprocessing
import queue
import threading
import time


def measure(name, clock, count, work):
    begin = clock()
    work(count)
    print(name, round((clock() - begin) / count * 1e9))


def acquire_release(count, lock):
    for _ in range(count):
        lock.acquire()
        lock.release()


def with_lock(count):
    lock = threading.Lock()
    for _ in range(count):
        with lock:
            pass


def set_wait(count):
    event = threading.Event()
    for _ in range(count):
        event.set()
        event.wait()


def put_get(count, q):
    for item in range(count):
        q.put(item)
        q.get()


def create_join(count):
    def nothing():
        pass

    for _ in range(count):
        thread = threading.Thread(target=nothing)
        thread.start()
        thread.join()


async def nothing():
    pass


async def create_await(count):
    for _ in range(count):
        await asyncio.create_task(nothing())


async def switch(count):
    async def work():
        for _ in range(count // 10):
            await asyncio.sleep(0)

    for task in [asyncio.create_task(work()) for _ in range(10)]:
        await task


async def sleep(count):
    async def nap(i):
        await asyncio.sleep(i * 1e-7)

    for task in [asyncio.create_task(nap(i)) for i in range(count)]:
        await task


async def call_soon(count):
    def callback():
        pass

    loop = asyncio.get_running_loop()
    for _ in range(count):
        loop.call_soon(callback)
    await asyncio.sleep(0)


async def async_put_get(count):
    q = asyncio.Queue()
    for item in range(count):
        await q.put(item)
        await q.get()


def round_trip(count):
    here, there = multiprocessing.Pipe()

    def answer():
        for _ in range(count):
            there.send(there.recv())

    process = multiprocessing.Process(target=answer)
    process.start()
    for item in range(count):
        here.send(item)
        here.recv()
    process.join()


def process_put_get(count, q):
    def put():
        for item in range(count):
            q.put(item)

    process = multiprocessing.Process(target=put)
    process.start()
    for _ in range(count):
        q.get()
    process.join()


def start_join(count):
    for _ in range(count):
        process = multiprocessing.Process()
        process.start()
        process.join()


cpu, wall = time.process_time, time.perf_counter
measure("lock_acquire_release", cpu, 1000000, lambda n: acquire_release(n, threading.Lock()))
measure("lock_with", cpu, 1000000, with_lock)
measure("rlock_acquire_release", cpu, 1000000, lambda n: acquire_release(n, threading.RLock()))
measure("semaphore_acquire_release", cpu, 200000, lambda n: acquire_release(n, threading.Semaphore()))
measure("event_set_wait", cpu, 200000, set_wait)
for kind in "Queue", "LifoQueue", "PriorityQueue", "SimpleQueue":
    measure(kind + "_put_get", cpu, 200000, lambda n: put_get(n, getattr(queue, kind)()))
for name, count, work in (
    ("task_create_await", 100000, create_await),
    ("task_switch", 200000, switch),
    ("task_sleep", 50000, sleep),
    ("call_soon", 200000, call_soon),
    ("async_queue_put_get", 100000, async_put_get),
):
    measure(name, cpu, count, lambda n: asyncio.run(work(n)))
measure("thread_create_join", wall, 3000, create_join)
measure("process_pipe_round_trip", wall, 5000, round_trip)
for kind in "Queue", "SimpleQueue":
    measure("process_" + kind + "_put_get", wall, 10000, lambda n: process_put_get(n, getattr(multiprocessing, kind)()))
measure("process_start_join", wall, 300, start_join)
