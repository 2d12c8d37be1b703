// The module `_sqlite3`: databases and statements, which vm/lib/lua/sqlite3.lua makes Python's connections
// and cursors of.
//
// What fails in SQLite is no error yet but nil, SQLite's extended code and its message.
#include <array>
#include <memory>
#include <variant>

#include "vm/lib/library.h"
#include "vm/lib/sqlite_database.h"

namespace gilvm {
namespace {

// A value outside of the heap.
struct Blob {
  std::string bytes;
};
using Datum = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

class DatabaseObject final : public NativeObject {
 public:
  explicit DatabaseObject(Nanoseconds patience) : database(std::make_shared<Database>(patience)) {}
  const char* type_name() const override { return "sqlite3 database"; }

  const std::shared_ptr<Database> database;
};

class Statement final : public NativeObject {
 public:
  Statement(std::shared_ptr<Database> owner, sqlite3_stmt* pointer, int column_count)
      : database(std::move(owner)), statement(pointer), columns(column_count) {}
  ~Statement() override { database->discard(statement); }
  const char* type_name() const override { return "sqlite3 statement"; }

  const std::shared_ptr<Database> database;
  sqlite3_stmt* const statement;  // used in the database's turns
  const int columns;
};

Database* database_argument(NativeCall& call) {
  auto* object = object_argument<DatabaseObject>(call, 0, "sqlite3 database");
  return object ? object->database.get() : nullptr;
}

// nil, the code, the message.
int failure(NativeCall& call, const Database::Outcome& outcome) {
  if (outcome.interrupted) return kNativeError;
  const Value message = Value::string(call.thread().string(outcome.message));
  if (!call.reserve_results(3)) return kNativeError;
  call.set_result(0, Value::nil());
  call.set_result(1, Value::inline_integer(outcome.code));
  call.set_result(2, message);
  return 3;
}

// open(path, timeout, uri): a database.
int open_database(NativeCall& call) {
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, "sqlite3.connect");
  String* path;
  double timeout;
  if (!call.text(0, &path) || !call.number(1, &timeout)) return kNativeError;
  constexpr double kLongest = 1e9;
  const double seconds = timeout > 0 ? std::min(timeout, kLongest) : 0;
  auto object = std::make_unique<DatabaseObject>(
      std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds)));
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
  if (!call[2].is_falsy()) flags |= SQLITE_OPEN_URI;
  const Database::Outcome outcome = object->database->open(call.thread(), std::string(path->view()), flags);
  if (!outcome.ok()) return failure(call, outcome);
  Table* type = call.vm().registry->get_short(call.thread().string("_SQLITE_DATABASE")).as_table();
  return call.one(Value::userdata(Userdata::make(call.thread().heap(), std::move(object), type)));
}

int close_database(NativeCall& call) {
  Database* database = database_argument(call);
  if (!database) return kNativeError;
  const Database::Outcome outcome = database->close(call.thread());
  return outcome.ok() ? call.one(Value::boolean(true)) : failure(call, outcome);
}

int interrupt(NativeCall& call) {
  Database* database = database_argument(call);
  return database ? call.one(Value::boolean(database->interrupt())) : kNativeError;
}

// in_transaction and total_changes
template <typename Question>
int ask(NativeCall& call, Question question) {
  Database* database = database_argument(call);
  if (!database) return kNativeError;
  std::int64_t answer = 0;
  const Database::Outcome outcome = database->use(call.thread(), [&](sqlite3* handle) {
    answer = question(handle);
    return SQLITE_OK;
  });
  return outcome.ok() ? call.one_integer(answer) : failure(call, outcome);
}

int in_transaction(NativeCall& call) {
  return ask(call, [](sqlite3* handle) { return sqlite3_get_autocommit(handle) ? 0 : 1; });
}

int total_changes(NativeCall& call) {
  return ask(call, [](sqlite3* handle) { return sqlite3_total_changes(handle); });
}

Table* list_of(VmThread& thread, const std::vector<std::string>& names) {
  Table* list = Table::make(thread.heap(), static_cast<std::uint32_t>(names.size()));
  std::int64_t count = 0;
  for (const std::string& name : names) {
    // "": it has none.
    const Value value = name.empty() ? Value::boolean(false) : Value::string(thread.string(name));
    list->set_integer(thread.heap(), ++count, value);
  }
  return list;
}

// database:prepare(sql): the first statement of the text, or false where there is none; how many bytes of the
// text it is; the names of its columns; those of its parameters, false for one without a name.
int prepare(NativeCall& call) {
  auto* object = object_argument<DatabaseObject>(call, 0, "sqlite3 database");
  String* text;
  if (!object || !call.text(1, &text)) return kNativeError;
  const std::string sql(text->view());
  sqlite3_stmt* statement = nullptr;
  std::size_t used = sql.size();
  std::vector<std::string> columns, parameters;
  const std::shared_ptr<Database> database = object->database;
  const Database::Outcome outcome = database->use(call.thread(), [&](sqlite3* handle) {
    const char* rest = nullptr;
    const int code =
        sqlite3_prepare_v2(handle, sql.c_str(), static_cast<int>(sql.size()) + 1, &statement, &rest);
    if (code != SQLITE_OK) return code;
    if (rest) used = static_cast<std::size_t>(rest - sql.c_str());
    for (int index = 0; index < sqlite3_column_count(statement); ++index) {
      const char* name = sqlite3_column_name(statement, index);
      columns.emplace_back(name ? name : "");
    }
    for (int index = 1; index <= sqlite3_bind_parameter_count(statement); ++index) {
      const char* name = sqlite3_bind_parameter_name(statement, index);
      parameters.emplace_back(name ? name : "");
    }
    return code;
  });
  if (!outcome.ok()) return failure(call, outcome);
  VmThread& thread = call.thread();
  if (!call.reserve_results(4)) {
    if (statement) database->discard(statement);
    return kNativeError;
  }
  Value result = Value::boolean(false);
  if (statement) {
    Table* type = call.vm().registry->get_short(thread.string("_SQLITE_STATEMENT")).as_table();
    result = Value::userdata(Userdata::make(
        thread.heap(), std::make_unique<Statement>(database, statement, static_cast<int>(columns.size())),
        type));
  }
  call.set_result(0, result);
  call.set_result(1, thread.integer(static_cast<std::int64_t>(used)));
  call.set_result(2, Value::table(list_of(thread, columns)));
  call.set_result(3, Value::table(list_of(thread, parameters)));
  return 4;
}

// A script's value, which sqlite3.lua has checked: a blob is a table with its bytes.
Datum datum_of(VmThread& thread, Value value) {
  if (value.is_boolean()) return std::int64_t{value.as_boolean()};
  if (value.is_integer()) return value.as_integer();
  if (value.is_double()) return value.as_double();
  if (value.is_string()) return std::string(value.as_string()->view());
  if (!value.is_table()) return {};
  const Value bytes = value.as_table()->get_short(thread.string("bytes"));
  return bytes.is_string() ? Datum(Blob{std::string(bytes.as_string()->view())}) : Datum();
}

Value value_of(VmThread& thread, const Datum& datum) {
  if (const auto* integer = std::get_if<std::int64_t>(&datum)) return thread.integer(*integer);
  if (const auto* number = std::get_if<double>(&datum)) return Value::number(*number);
  if (const auto* text = std::get_if<std::string>(&datum)) return Value::string(thread.string(*text));
  if (const auto* blob = std::get_if<Blob>(&datum)) return Value::string(thread.string(blob->bytes));
  return Value::nil();
}

// The datum must outlive the statement's next bindings.
int bind(sqlite3_stmt* statement, int place, const Datum& datum) {
  if (const auto* integer = std::get_if<std::int64_t>(&datum))
    return sqlite3_bind_int64(statement, place, *integer);
  if (const auto* number = std::get_if<double>(&datum)) return sqlite3_bind_double(statement, place, *number);
  if (const auto* text = std::get_if<std::string>(&datum)) {
    return sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<Blob>(&datum)) {
    return sqlite3_bind_blob64(statement, place, blob->bytes.data(), blob->bytes.size(), SQLITE_TRANSIENT);
  }
  return sqlite3_bind_null(statement, place);
}

Datum column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_FLOAT: return sqlite3_column_double(statement, index);
    case SQLITE_NULL: return {};
    default: break;
  }
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
  if (!bytes) return std::string();
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
}

// What a step has led to.
struct Step {
  std::vector<Datum> row;
  bool has_row = false;
  std::int64_t changes = 0;
  std::int64_t last_row = 0;
};

int take_step(sqlite3* handle, sqlite3_stmt* statement, int columns, Step* step) {
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) {
    step->has_row = true;
    for (int index = 0; index < columns; ++index) step->row.push_back(column(statement, index));
    return code;
  }
  step->changes = sqlite3_changes(handle);
  step->last_row = sqlite3_last_insert_rowid(handle);
  // Gives up what it has locked, and says once more what has failed.
  const int reset = sqlite3_reset(statement);
  return code == SQLITE_DONE ? code : reset;
}

// A row; or false, how many rows were changed, and the last that was inserted.
int step_result(NativeCall& call, const Database::Outcome& outcome, const Step& step) {
  if (!outcome.ok()) return failure(call, outcome);
  VmThread& thread = call.thread();
  if (!call.reserve_results(3)) return kNativeError;
  if (step.has_row) {
    Table* row = Table::make(thread.heap(), static_cast<std::uint32_t>(step.row.size()));
    std::int64_t place = 0;
    for (const Datum& datum : step.row) row->set_integer(thread.heap(), ++place, value_of(thread, datum));
    return call.one(Value::table(row));
  }
  call.set_result(0, Value::boolean(false));
  call.set_result(1, thread.integer(step.changes));
  call.set_result(2, thread.integer(step.last_row));
  return 3;
}

// statement:run(values, count): binds them, and takes the first step.
int run(NativeCall& call) {
  auto* object = object_argument<Statement>(call, 0, "sqlite3 statement");
  Table* values;
  std::int64_t count;
  if (!object || !call.table(1, &values) || !call.integer(2, &count)) return kNativeError;
  std::vector<Datum> data;
  for (std::int64_t place = 1; place <= count; ++place) {
    data.push_back(datum_of(call.thread(), values->get_integer(place)));
  }
  Step step;
  const Database::Outcome outcome = object->database->use(call.thread(), [&](sqlite3* handle) {
    sqlite3_reset(object->statement);
    int place = 0;
    for (const Datum& datum : data) {
      const int code = bind(object->statement, ++place, datum);
      if (code != SQLITE_OK) return code;
    }
    return take_step(handle, object->statement, object->columns, &step);
  });
  return step_result(call, outcome, step);
}

int next_row(NativeCall& call) {
  auto* object = object_argument<Statement>(call, 0, "sqlite3 statement");
  if (!object) return kNativeError;
  Step step;
  const Database::Outcome outcome = object->database->use(call.thread(), [&](sqlite3* handle) {
    return take_step(handle, object->statement, object->columns, &step);
  });
  return step_result(call, outcome, step);
}

// Gives up what the statement has locked.
int reset(NativeCall& call) {
  auto* object = object_argument<Statement>(call, 0, "sqlite3 statement");
  if (!object) return kNativeError;
  const Database::Outcome outcome = object->database->use(call.thread(), [&](sqlite3*) {
    sqlite3_reset(object->statement);  // what it says has been said by the step that failed
    return SQLITE_OK;
  });
  return outcome.interrupted ? kNativeError : call.none();
}

constexpr LibraryFunction kDatabaseMethods[] = {{"close", close_database},
                                                {"prepare", prepare},
                                                {"interrupt", interrupt},
                                                {"in_transaction", in_transaction},
                                                {"total_changes", total_changes}};

constexpr LibraryFunction kStatementMethods[] = {{"run", run}, {"step", next_row}, {"reset", reset}};

constexpr LibraryFunction kFunctions[] = {{"open", open_database}};

int open(NativeCall& call) {
  VmThread& thread = call.thread();
  Table* registry = thread.vm().registry;
  set_field(thread, registry, "_SQLITE_DATABASE",
            Value::table(make_type(thread, "sqlite3 database", kDatabaseMethods)));
  set_field(thread, registry, "_SQLITE_STATEMENT",
            Value::table(make_type(thread, "sqlite3 statement", kStatementMethods)));
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  set_field(thread, module, "version", Value::string(thread.string(sqlite3_libversion())));
  return call.one(Value::table(module));
}

}  // namespace

void add_sqlite(VmThread& thread) { add_module(thread, "_sqlite3", open); }

}  // namespace gilvm
