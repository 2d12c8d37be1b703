-- The module `sqlite3`: Python's connections and cursors on SQLite, with the transactions that it opens by itself.
--
-- _sqlite3 gives the lock up around each call of SQLite, and lets one thread at a time use a connection. What two
-- threads do with one cursor gets mixed up here as in Python, and harms nothing else.
local _sqlite3 = require "_sqlite3"
local builtins = require "builtins"
local support = require "_class"
local get_ident = require("threading").get_ident
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local TypeError, ValueError, exception_type = builtins.TypeError, builtins.ValueError, builtins.exception_type
local error, getmetatable, ipairs, next, pcall, rawget, rawset, setmetatable, type =
  error, getmetatable, ipairs, next, pcall, rawget, rawset, setmetatable, type
local find, format, lower, match, sub, upper =
  string.find, string.format, string.lower, string.match, string.sub, string.upper

-- Exceptions ----------------------------------------------------------------------------------------------------

local Warning = exception_type("sqlite3.Warning", builtins.Exception)
local Error = exception_type("sqlite3.Error", builtins.Exception)
local InterfaceError = exception_type("sqlite3.InterfaceError", Error)
local DatabaseError = exception_type("sqlite3.DatabaseError", Error)
local DataError = exception_type("sqlite3.DataError", DatabaseError)
local IntegrityError = exception_type("sqlite3.IntegrityError", DatabaseError)
local InternalError = exception_type("sqlite3.InternalError", DatabaseError)
local NotSupportedError = exception_type("sqlite3.NotSupportedError", DatabaseError)
local OperationalError = exception_type("sqlite3.OperationalError", DatabaseError)
local ProgrammingError = exception_type("sqlite3.ProgrammingError", DatabaseError)

-- By SQLite's primary code, as CPython's Modules/_sqlite/util.c has it. Those that are not here: DatabaseError.
local TYPES = {
  [2] = InternalError, [12] = InternalError, [18] = DataError, [19] = IntegrityError, [20] = IntegrityError,
  [21] = InterfaceError, [25] = InterfaceError,
}
-- ERROR, PERM, ABORT, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL, EMPTY, SCHEMA
for _, code in ipairs{1, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17} do TYPES[code] = OperationalError end

local CLOSED, OTHER_PROCESS = -1, -2  -- the codes of _sqlite3's own

local function raise(code, message)
  if code == CLOSED then error(ProgrammingError("Cannot operate on a closed database.")) end
  if code == OTHER_PROCESS then
    error(ProgrammingError("A connection cannot be used in another process than the one that has opened it."))
  end
  local problem = (TYPES[code & 0xff] or DatabaseError)(message)
  problem.sqlite_errorcode = code
  error(problem)
end

-- Results of _sqlite3, of which the first is nil where it has failed.
local function checked(first, code, ...)
  if first == nil then raise(code, ...) end
  return first, code, ...
end

-- Values --------------------------------------------------------------------------------------------------------

-- A parameter that is stored as a blob. One that is read is a string as any other.
local Blob = class("sqlite3.Binary")

local function Binary(bytes)
  if type(bytes) ~= "string" then error(TypeError("Binary: a string expected, got " .. type(bytes))) end
  return setmetatable({bytes = bytes}, Blob)
end

-- nil as a parameter, for tables, where nil is nothing.
local NULL = setmetatable({}, {__name = "sqlite3.NULL", __tostring = function() return "sqlite3.NULL" end})

local STORABLE = {["nil"] = true, boolean = true, number = true, string = true}

local function storable(value, name)
  if value == NULL then return nil end
  if STORABLE[type(value)] or getmetatable(value) == Blob then return value end
  error(ProgrammingError(format("Error binding parameter %s: type '%s' is not supported", name, type(value))))
end

-- A list of values, maybe of table.pack, which says how many they are? The other tables have values by name.
local function is_list(names, given)
  if given[1] ~= nil or next(given) == nil then return true end
  if type(given.n) ~= "number" then return false end
  for _, name in ipairs(names) do
    if name and sub(name, 2) == "n" then return false end
  end
  return true
end

-- The values of the statement's parameters, in their order. `names`: false for one that has none.
local function bindings(names, given)
  local values, count = {}, #names
  if is_list(names, given) then
    local supplied = type(given.n) == "number" and given.n or #given
    if supplied ~= count then
      error(ProgrammingError(format("Incorrect number of bindings supplied. The current statement uses %d, and " ..
        "there are %d supplied.", count, supplied)))
    end
    for index = 1, count do values[index] = storable(given[index], index) end
    return values, count
  end
  for index = 1, count do
    local name = names[index] and sub(names[index], 2)
    if not name then
      error(ProgrammingError(format("Binding %d has no name, but you supplied a dictionary (which has only names).",
        index)))
    end
    if given[name] == nil then
      error(ProgrammingError("You did not supply a value for binding parameter :" .. name .. "."))
    end
    values[index] = storable(given[name], "':" .. name .. "'")
  end
  return values, count
end

-- The metatable of a statement's rows, which are read by position and by the column's name; # is the number of columns.
local function row_type(columns)
  local places = {}
  for index = #columns, 1, -1 do
    if columns[index] then places[lower(columns[index])] = index end
  end
  return {
    __name = "sqlite3.Row",
    __len = function() return #columns end,
    __index = function(row, name)
      local place = type(name) == "string" and places[lower(name)]
      if place then return rawget(row, place) end
    end,
  }
end

-- Statements ----------------------------------------------------------------------------------------------------

-- Where the text's first word begins: behind white space and comments.
local function first_word(sql, from)
  while true do
    from = find(sql, "%S", from)
    if not from then return nil end
    local last
    if sub(sql, from, from + 1) == "--" then
      last = find(sql, "\n", from, true)
    elseif sub(sql, from, from + 1) == "/*" then
      local _, closed = find(sql, "*/", from + 2, true)
      last = closed
    else
      return from
    end
    if not last then return nil end
    from = last + 1
  end
end

local CHANGES = {INSERT = true, UPDATE = true, DELETE = true, REPLACE = true}

local function changes_rows(sql)
  local from = first_word(sql, 1)
  return from ~= nil and CHANGES[upper(match(sql, "^%a*", from))] == true
end

-- Connection ----------------------------------------------------------------------------------------------------

local Connection = class("sqlite3.Connection")
local Cursor = class("sqlite3.Cursor")

local function check_thread(connection)
  local ident = connection._ident
  if not ident or ident == get_ident() then return end
  error(ProgrammingError(format("SQLite objects created in a thread can only be used in that same thread. The " ..
    "object was created in thread id %d and this is thread id %d.", ident, get_ident())))
end

local function run_alone(connection, sql)
  local statement = checked(connection._database:prepare(sql))
  checked(statement:run({}, 0))
end

local LEVELS = {[""] = true, DEFERRED = true, IMMEDIATE = true, EXCLUSIVE = true}

local function check_level(level)
  if level == nil or level == false then return false end
  if type(level) ~= "string" then error(TypeError("isolation_level must be a string or nil")) end
  if not LEVELS[upper(level)] then
    error(ValueError("isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'"))
  end
  return upper(level)
end

-- connect(database, {timeout = 5.0, isolation_level = "", check_same_thread = true, uri = false}). No isolation level:
-- false.
local function connect(database, given)
  local timeout, level, check_same_thread, uri
  if has_keywords(database) then
    database, timeout, level, check_same_thread, uri =
      keywords("connect", database, "database", "timeout", "isolation_level", "check_same_thread", "uri")
  elseif type(given) == "number" then
    timeout = given
  elseif given ~= nil then
    timeout, level, check_same_thread, uri =
      keywords("connect", given, "timeout", "isolation_level", "check_same_thread", "uri")
  end
  if type(database) ~= "string" then
    error(TypeError("connect: database must be a string, got " .. type(database)))
  end
  if timeout ~= nil and type(timeout) ~= "number" then
    error(TypeError("connect: timeout must be a number, got " .. type(timeout)))
  end
  if level == nil then level = "" end
  level = check_level(level)
  return setmetatable({
    _database = checked(_sqlite3.open(database, timeout or 5.0, uri)),
    _level = level,                                             -- false: no transaction is begun by itself
    _ident = check_same_thread ~= false and get_ident(),        -- the thread that may use it; false: all
    row_factory = false,                                        -- or a function(cursor, row)
  }, Connection)
end

function Connection:__index(key)
  if key == "in_transaction" then return checked(self._database:in_transaction()) == 1 end
  if key == "total_changes" then
    check_thread(self)
    return (checked(self._database:total_changes()))
  end
  if key == "isolation_level" then return self._level or nil end
  return Connection[key]
end

function Connection:__newindex(key, value)
  if key ~= "isolation_level" then
    if key == "in_transaction" or key == "total_changes" then
      error(builtins.AttributeError("attribute '" .. key .. "' of 'sqlite3.Connection' objects is not writable"))
    end
    return rawset(self, key, value)
  end
  local level = check_level(value)
  if not level then self:commit() end
  self._level = level
end

function Connection:cursor()
  check_thread(self)
  checked(self._database:in_transaction())  -- is it open?
  return setmetatable({
    connection = self,
    arraysize = 1,
    rowcount = -1,
    row_factory = self.row_factory,
    _statement = false,  -- the one whose rows are to be fetched
    _next = false,       -- the row that fetchone() gives
    _closed = false,
    _counts = false,     -- rowcount is known at the end of the statement
  }, Cursor)
end

function Connection:execute(sql, parameters) return self:cursor():execute(sql, parameters) end

function Connection:executemany(sql, parameters) return self:cursor():executemany(sql, parameters) end

function Connection:executescript(script) return self:cursor():executescript(script) end

-- Ends the transaction, where there is one.
local function end_transaction(connection, sql)
  check_thread(connection)
  if checked(connection._database:in_transaction()) == 1 then run_alone(connection, sql) end
end

function Connection:commit() end_transaction(self, "COMMIT") end

function Connection:rollback() end_transaction(self, "ROLLBACK") end

-- What is not committed is lost. Closing once more does nothing.
function Connection:close()
  check_thread(self)
  local closed, code, message = self._database:close()
  if closed == nil and code ~= CLOSED then raise(code, message) end
end

-- Ends what other threads run now on this connection. From any thread.
function Connection:interrupt()
  if not self._database:interrupt() then raise(CLOSED) end
end

-- Python's `with connection:` is `local transaction <close> = connection:hold()`: commits at the end of the block, or
-- rolls back where an error leaves it. The connection stays open.
function Connection:hold() return self end

function Connection:__close(problem)
  if problem ~= nil then return self:rollback() end
  local committed, failure = pcall(self.commit, self)
  if committed then return end
  pcall(self.rollback, self)
  error(failure, 0)
end

-- Cursor --------------------------------------------------------------------------------------------------------

local function check_cursor(cursor)
  check_thread(cursor.connection)
  if cursor._closed then error(ProgrammingError("Cannot operate on a closed cursor.")) end
end

-- What remains of the last statement is not fetched any more.
local function forget_statement(cursor)
  local statement = cursor._statement
  cursor._statement, cursor._next = false, false
  if statement then statement:reset() end
end

local function text_of(sql, called)
  if type(sql) ~= "string" then error(TypeError(called .. "() argument 1 must be a string, not " .. type(sql))) end
  return sql
end

-- The statement, where there is one, and the names of its columns and parameters.
local function prepare(cursor, sql)
  local statement, used, columns, parameters = checked(cursor.connection._database:prepare(sql))
  if first_word(sql, used + 1) then error(ProgrammingError("You can only execute one statement at a time.")) end
  return statement, columns, parameters
end

local function begin(connection, sql)
  if connection._level and changes_rows(sql) and checked(connection._database:in_transaction()) == 0 then
    run_alone(connection, "BEGIN " .. connection._level)
  end
end

-- A row becomes the next, or the statement has come to its end.
local function take(cursor, statement, row, changes, last_row)
  if row then
    cursor._next = setmetatable(row, cursor._row_type)
    return
  end
  if cursor._statement == statement then cursor._statement = false end
  cursor._next = false
  if cursor._counts then cursor.rowcount = changes end
  return last_row
end

function Cursor:execute(sql, parameters)
  check_cursor(self)
  text_of(sql, "execute")
  if parameters ~= nil and type(parameters) ~= "table" then
    error(ProgrammingError("parameters are of unsupported type"))
  end
  forget_statement(self)
  self.rowcount, self.description, self._counts = -1, nil, false
  local statement, columns, parameter_names = prepare(self, sql)
  if not statement then return self end
  local values, count = bindings(parameter_names, parameters or {})
  begin(self.connection, sql)
  if #columns > 0 then
    self.description = {}
    for index, name in ipairs(columns) do self.description[index] = {name or ""} end
  end
  self._row_type = row_type(columns)
  self._counts = changes_rows(sql)
  self._statement = statement
  local row, changes, last_row = checked(statement:run(values, count))
  local inserted = take(self, statement, row, changes, last_row)
  if inserted then self.lastrowid = inserted end
  return self
end

-- The parameters: a list of tables, or an iterator.
function Cursor:executemany(sql, parameters)
  check_cursor(self)
  text_of(sql, "executemany")
  forget_statement(self)
  self.rowcount, self.description, self._counts = -1, nil, false
  local statement, _, parameter_names = prepare(self, sql)
  if not statement or not changes_rows(sql) then
    error(ProgrammingError("executemany() can only execute DML statements."))
  end
  local next_parameters = parameters
  if has_keywords(parameters) then
    local index = 0
    next_parameters = function()
      index = index + 1
      return parameters[index]
    end
  elseif type(parameters) ~= "function" then
    error(TypeError("executemany() argument 2 must be a list or an iterator, not " .. type(parameters)))
  end
  begin(self.connection, sql)
  self.rowcount = 0
  for given in next_parameters do
    if type(given) ~= "table" then error(ProgrammingError("parameters are of unsupported type")) end
    local values, count = bindings(parameter_names, given)
    local row, changes = checked(statement:run(values, count))
    -- RETURNING: nobody fetches these rows.
    while row do row, changes = checked(statement:step()) end
    self.rowcount = self.rowcount + changes
  end
  return self
end

-- Any number of statements, without parameters. Commits first what is not committed.
function Cursor:executescript(script)
  check_cursor(self)
  text_of(script, "executescript")
  local connection = self.connection
  connection:commit()
  local rest = script
  while first_word(rest, 1) do
    local statement, used = checked(connection._database:prepare(rest))
    if statement then
      local row = checked(statement:run({}, 0))
      while row do row = checked(statement:step()) end
    end
    rest = sub(rest, used + 1)
  end
  return self
end

-- The next row; nil: there is none.
function Cursor:fetchone()
  check_cursor(self)
  local row, statement = self._next, self._statement
  if not row then return nil end
  if statement then
    self._next = false
    take(self, statement, checked(statement:step()))
  end
  local factory = self.row_factory
  if factory then return factory(self, row) end
  return row
end

function Cursor:fetchmany(size)
  if has_keywords(size) then size = keywords("fetchmany", size, "size") end
  local rows = {}
  for index = 1, size or self.arraysize do
    local row = self:fetchone()
    if row == nil then break end
    rows[index] = row
  end
  return rows
end

function Cursor:fetchall()
  local rows, count = {}, 0
  for row in self do
    count = count + 1
    rows[count] = row
  end
  return rows
end

-- `for row in cursor do`.
function Cursor:__call() return self:fetchone() end

function Cursor:close()
  check_thread(self.connection)
  self._closed = true
  forget_statement(self)
end

Cursor.__close = Cursor.close

-- contextlib.closing(cursor)
function Cursor:hold() return self end

return {
  Binary = Binary,
  Connection = Connection,
  Cursor = Cursor,
  DataError = DataError,
  DatabaseError = DatabaseError,
  Error = Error,
  IntegrityError = IntegrityError,
  InterfaceError = InterfaceError,
  InternalError = InternalError,
  NULL = NULL,
  NotSupportedError = NotSupportedError,
  OperationalError = OperationalError,
  ProgrammingError = ProgrammingError,
  Warning = Warning,
  apilevel = "2.0",
  connect = connect,
  paramstyle = "qmark",
  sqlite_version = _sqlite3.version,
  threadsafety = 3,
}
