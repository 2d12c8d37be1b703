#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

// In line 1, so that the script itself begins in line 2.
const char* const kPrelude =
    "local sqlite3, threading, builtins = require 'sqlite3', require 'threading', require 'builtins' "
    "local function problem(f, ...) local ok, e = pcall(f, ...) return ok and 'none' or tostring(e) end "
    "local function new_table(columns, given) local c = sqlite3.connect(':memory:', given) "
    "c:execute('CREATE TABLE t (' .. columns .. ')') return c end "
    "local function all(c, sql) local texts = {} for row in c:execute(sql) do local values = {} "
    "for i = 1, #row do values[i] = tostring(row[i]) end texts[#texts + 1] = table.concat(values, ',') end "
    "return table.concat(texts, ';') end\n";

std::string run(const std::string& script) { return run_in_each_regime(kPrelude + script); }

// A database in a file, whose name the script has as `path`; new for each run.
std::string run_with_file(const std::string& script) {
  return run("local path = os.tmpname()\n" + script + "\n");
}

TEST_CASE("what is inserted is selected, in order and with its type", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("a, b, c, d")
    c:execute("INSERT INTO t VALUES (?, ?, ?, ?)", {1 << 62, 1.5, "te\0xt", sqlite3.NULL})
    local row = c:execute("SELECT * FROM t"):fetchone()
    return math.type(row[1]) .. row[1] .. " " .. row[2] .. " " .. #row[3] .. " " .. tostring(row[4]) .. " " .. #row)lua") ==
        "integer4611686018427387904 1.5 5 nil 4");
}

TEST_CASE("booleans are stored as numbers, and bytes as a blob where they are a Binary", "[sqlite]") {
  CHECK(run(R"lua(
    local c = sqlite3.connect(":memory:")
    local row = c:execute("SELECT ?, ?, typeof(?), typeof(?), ?",
      {true, false, "\xff", sqlite3.Binary("\xff"), sqlite3.Binary("\0\xff")}):fetchone()
    return row[1] .. " " .. row[2] .. " " .. row[3] .. " " .. row[4] .. " " .. tostring(row[5] == "\0\xff"))lua") ==
        "1 0 text blob true");
}

TEST_CASE("parameters are given by position or by name", "[sqlite]") {
  CHECK(run(R"lua(
    local c = sqlite3.connect(":memory:")
    local named = c:execute("SELECT :a, @b, $a", {a = 1, b = 2}):fetchone()
    local listed = c:execute("SELECT ?, ?", table.pack(nil, 3)):fetchone()
    return table.concat(named, " ") .. " " .. tostring(listed[1]) .. " " .. listed[2])lua") == "1 2 1 nil 3");
}

TEST_CASE("wrong parameters are refused in Python's words", "[sqlite]") {
  CHECK(run(R"lua(
    local c = sqlite3.connect(":memory:")
    return problem(c.execute, c, "SELECT ?") .. "|" .. problem(c.execute, c, "SELECT ?", {1, 2}) .. "|" ..
      problem(c.execute, c, "SELECT :x", {y = 1}) .. "|" .. problem(c.execute, c, "SELECT ?", {x = 1}) .. "|" ..
      problem(c.execute, c, "SELECT ?", {print}) .. "|" .. problem(c.execute, c, "SELECT ?", 1))lua") ==
        "sqlite3.ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and "
        "there are 0 supplied.|"
        "sqlite3.ProgrammingError: Incorrect number of bindings supplied. The current statement uses 1, and "
        "there are 2 supplied.|"
        "sqlite3.ProgrammingError: You did not supply a value for binding parameter :x.|"
        "sqlite3.ProgrammingError: Binding 1 has no name, but you supplied a dictionary (which has only "
        "names).|"
        "sqlite3.ProgrammingError: Error binding parameter 1: type 'function' is not supported|"
        "sqlite3.ProgrammingError: parameters are of unsupported type");
}

TEST_CASE("a row is read by position and by name, in capitals or not", "[sqlite]") {
  CHECK(run(R"lua(
    local c = sqlite3.connect(":memory:")
    local row = c:execute("SELECT 7 AS Seven, 'x' AS name"):fetchone()
    return row[1] .. row.seven .. row.SEVEN .. row.name .. tostring(row.other) .. #row)lua") == "777xnil2");
}

TEST_CASE("a row factory makes the rows of cursors that are made after it", "[sqlite]") {
  CHECK(run(R"lua(
    local c = sqlite3.connect(":memory:")
    c.row_factory = function(cursor, row) return cursor.description[1][1] .. "=" .. row[1] end
    return c:execute("SELECT 5 AS five"):fetchone())lua") == "five=5");
}

TEST_CASE("rows are fetched one by one, some, or all", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("n")
    c:executemany("INSERT INTO t VALUES (?)", {{1}, {2}, {3}, {4}, {5}, {6}})
    local cursor = c:execute("SELECT n FROM t")
    local texts = {cursor:fetchone()[1], #cursor:fetchmany(), #cursor:fetchmany{size = 2}, #cursor:fetchall(),
      tostring(cursor:fetchone()), #cursor:fetchmany(3), cursor.arraysize}
    return table.concat(texts, " "))lua") == "1 1 2 2 nil 0 1");
}

TEST_CASE("a cursor tells what its last statement did", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("id INTEGER PRIMARY KEY, n")
    local cursor = c:cursor()
    local texts = {tostring(cursor.lastrowid), cursor.rowcount, tostring(cursor.description)}
    local function add() texts[#texts + 1] = tostring(cursor.lastrowid) .. "/" .. cursor.rowcount end
    cursor:execute("INSERT INTO t (n) VALUES (10), (20)") add()
    cursor:execute("UPDATE t SET n = n + 1") add()
    cursor:execute("SELECT id, n FROM t") add()
    texts[#texts + 1] = cursor.description[1][1] .. cursor.description[2][1]
    cursor:executemany("INSERT INTO t (n) VALUES (?)", {{1}, {2}, {3}}) add()
    return table.concat(texts, " ") .. " " .. c.total_changes)lua") == "nil -1 nil 2/2 2/2 2/-1 idn 2/3 7");
}

TEST_CASE("INSERT with RETURNING gives rows", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("id INTEGER PRIMARY KEY, n")
    local cursor = c:execute("INSERT INTO t (n) VALUES (5), (6) RETURNING id, n")
    local rows = cursor:fetchall()
    return #rows .. rows[2].n .. " " .. cursor.rowcount)lua") == "26 2");
}

TEST_CASE("what changes rows begins a transaction, which commit and rollback end", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("n")
    local states = {}
    local function add() states[#states + 1] = tostring(c.in_transaction) end
    c:execute("SELECT 1"):fetchall() add()
    c:execute("  -- a comment\n /* and */ insert INTO t VALUES (1)") add()
    c:commit() add()
    c:execute("INSERT INTO t VALUES (2)") add()
    c:rollback() add()
    c:commit() c:rollback()
    return table.concat(states, " ") .. " " .. all(c, "SELECT n FROM t"))lua") ==
        "false true false true false 1");
}

TEST_CASE("without an isolation level nothing begins a transaction", "[sqlite]") {
  CHECK(
      run(R"lua(
    local c = new_table("n", {isolation_level = false})
    c:execute("INSERT INTO t VALUES (1)")
    local before = c.in_transaction
    c:execute("BEGIN")
    local after = c.in_transaction
    c.isolation_level = "IMMEDIATE"
    local texts = {tostring(before), tostring(after), c.isolation_level}
    c.isolation_level = nil
    return table.concat(texts, " ") .. " " .. tostring(c.in_transaction) .. tostring(c.isolation_level) .. " " ..
      problem(sqlite3.connect, ":memory:", {isolation_level = "SOMETIMES"}))lua") ==
      "false true IMMEDIATE falsenil ValueError: isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', "
      "or 'EXCLUSIVE'");
}

TEST_CASE("a block that holds a connection commits, and rolls back where an error leaves it", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("n")
    do local transaction <close> = c:hold() c:execute("INSERT INTO t VALUES (1)") end
    local text = problem(function()
      local transaction <close> = c:hold()
      c:execute("INSERT INTO t VALUES (2)")
      error(builtins.ValueError("no"))
    end)
    return text .. " " .. tostring(c.in_transaction) .. " " .. all(c, "SELECT n FROM t"))lua") ==
        "ValueError: no false 1");
}

TEST_CASE("a script of several statements is run as a whole, after a commit", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("n")
    c:execute("INSERT INTO t VALUES (0)")
    c:executescript("INSERT INTO t VALUES (1); -- one\n INSERT INTO t VALUES (2); SELECT * FROM t; /* end */")
    return tostring(c.in_transaction) .. " " .. all(c, "SELECT n FROM t") .. " " ..
      problem(c.execute, c, "SELECT 1; SELECT 2") .. "|" .. problem(c.execute, c, "SELECT 1; -- no more") .. "|" ..
      problem(c.execute, c, "") .. "|" .. problem(c.executescript, c, "SELECT 1; nonsense"))lua") ==
        "false 0;1;2 sqlite3.ProgrammingError: You can only execute one statement at a time.|none|none|"
        "sqlite3.OperationalError: near \"nonsense\": syntax error");
}

TEST_CASE("executemany takes an iterator, and statements that change rows alone", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("n")
    local i = 0
    c:executemany("INSERT INTO t VALUES (:n)", function() i = i + 1 if i <= 3 then return {n = i * i} end end)
    return all(c, "SELECT n FROM t") .. " " .. problem(c.executemany, c, "SELECT ?", {{1}}))lua") ==
        "1;4;9 sqlite3.ProgrammingError: executemany() can only execute DML statements.");
}

TEST_CASE("what fails raises Python's type", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("n UNIQUE")
    c:execute("INSERT INTO t VALUES (1)")
    local ok, e = pcall(c.execute, c, "INSERT INTO t VALUES (1)")
    local is = builtins.isinstance
    return tostring(e) .. " " .. tostring(is(e, sqlite3.IntegrityError)) .. tostring(is(e, sqlite3.DatabaseError)) ..
      tostring(is(e, sqlite3.Error)) .. tostring(is(e, sqlite3.OperationalError)) .. " " .. e.sqlite_errorcode .. " " ..
      problem(c.execute, c, "SELECT * FROM u") .. "|" .. problem(sqlite3.connect, "/no/such/folder/x"))lua") ==
        "sqlite3.IntegrityError: UNIQUE constraint failed: t.n truetruetruefalse 2067 "
        "sqlite3.OperationalError: no such table: u|sqlite3.OperationalError: unable to open database file");
}

TEST_CASE("a closed connection and a closed cursor are not used any more", "[sqlite]") {
  const std::string closed = "|sqlite3.ProgrammingError: Cannot operate on a closed database.";
  CHECK(run(R"lua(
    local c = sqlite3.connect(":memory:")
    local cursor = c:execute("SELECT 1")
    cursor:close()
    local texts = {problem(cursor.fetchone, cursor)}
    c:close() c:close()
    texts[2] = problem(c.execute, c, "SELECT 1")
    texts[3] = problem(c.cursor, c)
    texts[4] = problem(c.commit, c)
    texts[5] = problem(c.interrupt, c)
    return table.concat(texts, "|"))lua") ==
        "sqlite3.ProgrammingError: Cannot operate on a closed cursor." + closed + closed + closed + closed);
}

TEST_CASE("a connection belongs to the thread that has opened it, unless it is told otherwise", "[sqlite]") {
  CHECK(run(R"lua(
    local mine, everyones = sqlite3.connect(":memory:"), sqlite3.connect(":memory:", {check_same_thread = false})
    local texts = {false, false, false}
    local cursor = mine:cursor()
    local t = threading.Thread{target = function()
      texts[1] = problem(mine.execute, mine, "SELECT 1"):gsub("%d%d+", "N"):gsub(" %d[ .]", " N ")
      texts[2] = problem(cursor.fetchone, cursor):match("^[^.]*.[^.]*")
      texts[3] = problem(everyones.execute, everyones, "SELECT 1")
    end}
    t:start() t:join()
    return texts[1]:match("^(.-thread)%.") .. "|" .. texts[2] .. "|" .. texts[3])lua") ==
        "sqlite3.ProgrammingError: SQLite objects created in a thread can only be used in that same thread|"
        "sqlite3.ProgrammingError: SQLite objects created in a thread can only be used in that same thread|"
        "none");
}

TEST_CASE("other threads run while a statement works, and one may interrupt it", "[sqlite]") {
  CHECK(run(R"lua(
    local c = sqlite3.connect(":memory:", {check_same_thread = false})
    local result = {false}
    local t = threading.Thread{target = function()
      -- Never ends by itself.
      result[1] = problem(c.execute, c, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
    end}
    t:start()
    local count = 0
    repeat
      count = count + 1
      c:interrupt()
    until result[1]
    t:join()
    return result[1] .. " " .. tostring(count > 0) .. " " .. c:execute("SELECT 3"):fetchone()[1])lua") ==
        "sqlite3.OperationalError: interrupted true 3");
}

TEST_CASE("other threads run while a statement waits for another connection's lock", "[sqlite]") {
  CHECK(run_with_file(R"lua(
    local c = sqlite3.connect(path)
    c:executescript("CREATE TABLE t (n); BEGIN IMMEDIATE")
    local waiter, result, go = {false}, {false, false}, threading.Event()
    local t = threading.Thread{target = function()
      local other <const> = sqlite3.connect(path, {timeout = 1000, check_same_thread = false})
      waiter[1] = other
      -- The lock is given back only when this has been interrupted, so that it waits for certain.
      result[1] = problem(other.execute, other, "INSERT INTO t VALUES (1)")
      result[2] = "ended"
      go:wait()
      other:execute("INSERT INTO t VALUES (2)")
      other:commit() other:close()
    end}
    t:start()
    while not waiter[1] do end
    repeat waiter[1]:interrupt() until result[2]
    c:commit()
    go:set()
    t:join()
    local rows = all(c, "SELECT n FROM t")
    c:close() os.remove(path)
    return result[1] .. " " .. rows)lua") == "sqlite3.OperationalError: interrupted 2");
}

TEST_CASE("who has waited for a lock as long as it may is told so", "[sqlite]") {
  CHECK(run_with_file(R"lua(
    local c = sqlite3.connect(path)
    c:executescript("CREATE TABLE t (n); BEGIN IMMEDIATE")
    local other = sqlite3.connect(path, {timeout = 0.01})
    local ok, e = pcall(other.execute, other, "INSERT INTO t VALUES (1)")
    other:close() c:close() os.remove(path)
    return tostring(e) .. " " .. e.sqlite_errorcode)lua") ==
        "sqlite3.OperationalError: database is locked 5");
}

TEST_CASE("threads that share a connection lose no row", "[sqlite]") {
  CHECK(run(R"lua(
    local c = new_table("thread, n", {check_same_thread = false})
    local threads = {}
    for i = 1, 4 do
      threads[i] = threading.Thread{target = function()
        for n = 1, 25 do c:execute("INSERT INTO t VALUES (?, ?)", {i, n}) end
      end}
    end
    -- Opens the transaction, which only one of them could.
    c:execute("INSERT INTO t VALUES (0, 0)")
    for i = 1, 4 do threads[i]:start() end
    for i = 1, 4 do threads[i]:join() end
    c:commit()
    return all(c, "SELECT thread, count(*), sum(n) FROM t GROUP BY thread"))lua") ==
        "0,1,0;1,25,325;2,25,325;3,25,325;4,25,325");
}

TEST_CASE("threads that share a cursor, and one that closes its connection, do no harm", "[sqlite]") {
  CHECK(run(R"lua(
    for round = 1, 5 do
      local c = new_table("n", {check_same_thread = false})
      c:executemany("INSERT INTO t VALUES (?)", {{1}, {2}, {3}})
      local cursor = c:cursor()
      local threads, texts = {}, {false, false, false}
      for i = 1, 3 do
        threads[i] = threading.Thread{target = function()
          repeat
            local ok, e = pcall(function() cursor:execute("SELECT * FROM t, t, t") cursor:fetchall() end)
            texts[i] = ok or tostring(e)
          until not ok
        end}
        threads[i]:start()
      end
      repeat until texts[1] == true or texts[2] == true or texts[3] == true or (texts[1] and texts[2] and texts[3])
      c:close()
      for i = 1, 3 do threads[i]:join() end
    end
    return "whole")lua") == "whole");
}

TEST_CASE("statements that nobody needs are ended", "[sqlite]") {
  CHECK(run_with_file(R"lua(
    local c = sqlite3.connect(path)
    c:executescript("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)")
    do
      local cursor = c:execute("SELECT n FROM t")
      cursor:fetchone()
    end
    collectgarbage() collectgarbage()
    c:execute("SELECT 1"):fetchall()
    -- A statement that is not at its end would hold a lock that this needs.
    local other = sqlite3.connect(path, {timeout = 0, isolation_level = false})
    local text = problem(other.execute, other, "DELETE FROM t")
    other:close() c:close() os.remove(path)
    return text)lua") == "none");
}

TEST_CASE("an interruption ends what a database does", "[sqlite]") {
  for (const LockSettings& lock : lock_regimes()) {
    ScriptVm vm(lock);
    // os.exit in another thread is one.
    CHECK(vm.run(kPrelude + std::string(R"lua(
      threading.Thread{target = function() os.exit(3) end}:start()
      sqlite3.connect(":memory:"):execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"))lua"))
              .empty());
    CHECK(vm.vm().exit_status() == 3);
  }
}

TEST_CASE("no deterministic schedule has databases", "[sqlite]") {
  ScriptVm vm(LockSettings{}, 0, ScheduleKind::kRandom);
  CHECK(vm.run(kPrelude +
               std::string("return (problem(sqlite3.connect, ':memory:'):gsub('^.-sqlite3', 'sqlite3'))"))
            .starts_with("sqlite3.connect is not possible under a deterministic schedule"));
}

TEST_CASE("a connection is not carried into another process", "[sqlite]") {
  CHECK(run(R"lua(
    local mp = require "multiprocessing"
    local c = sqlite3.connect(":memory:")
    local r, w = mp.Pipe(false)
    local p = mp.Process{target = function() w:send(problem(c.execute, c, "SELECT 1")) end}
    p:start()
    local text = r:recv()
    p:join()
    return text .. " " .. c:execute("SELECT 1"):fetchone()[1])lua") ==
        "sqlite3.ProgrammingError: A connection cannot be used in another process than the one that has "
        "opened it. 1");
}

}  // namespace
}  // namespace gilvm
