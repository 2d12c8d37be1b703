-- Generates random Lua programs for comparing gilvm with lua5.4.
--
--   lua5.4 generate.lua SEED                    print the program of SEED
--   lua5.4 generate.lua SEED COUNT DIRECTORY    write DIRECTORY/S.lua for S = SEED .. SEED + COUNT - 1
--
-- A program depends on its seed alone. What always holds for it:
--  (1) It ends, in well under 50 ms. Every loop has a literal bound, and calls are only generated while the
--      estimated cost (statements executed, multiplied through loops and calls) stays under a limit.
--  (2) It is deterministic: no addresses, no signs of NaN, no order of hashed keys. Logs go through `show`.
--  (3) It steers clear of what stock 5.4.4 itself gets wrong: nothing jumps out of a generic `for` that has a
--      closing value.
--  (4) It uses no io, os, debug, load, collectgarbage, require.
--  (5) Every fourth program runs its sections in coroutines that yield at each line of the log, in each metamethod
--      and in each iteration of a generic `for`: what it prints must not change by that.
--
-- The aim is a translator that does closure conversion, so variables are captured often, and jumps, scopes and
-- captured variables are mixed in every way. Every variable has a kind, known while generating, so that most
-- programs run to the end; a "wrong" expression (a value of another kind) is a small share of some programs,
-- to compare error messages.

local first_seed = math.tointeger(tonumber((...)))
local program_count = math.tointeger(tonumber((select(2, ...)))) or 1
local directory = select(3, ...)
if not first_seed then
  print("usage: generate.lua SEED [COUNT DIRECTORY]")
  return
end

---------------------------------------------------------------------------------------------------------------
-- Random numbers: splitmix64, so that the programs do not depend on a library's generator.

local random_state = 0

local function random_bits()
  random_state = random_state + 0x9E3779B97F4A7C15
  local z = random_state
  z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
  z = (z ~ (z >> 27)) * 0x94D049BB133111EB
  return z ~ (z >> 31)
end

local function random(low, high) return low + (random_bits() >> 1) % (high - low + 1) end
local function chance(percent) return random(1, 100) <= percent end
local function pick(list) return list[random(1, #list)] end

---------------------------------------------------------------------------------------------------------------
-- The state of one program's generation.

-- What a function, or the main chunk, executes at most. Statements that cost more are not generated.
local kMaximumCost = 4000
-- Strings are cut to this length, so that concatenation in loops cannot double them for ever.
local kMaximumString = 60

local lines, indentation, serial
local scopes       -- a list of scopes, each a list of variables; inner ones last
local current      -- the function being generated: {level, multiplier, cost, vararg, loops, outer}
local wrong_share  -- percent of expressions of a deliberately wrong kind
local weights      -- statement kinds and their weights in this program
local budget       -- statements left in this section
local yields       -- the sections run in coroutines

local function line(format, ...)
  local text = select("#", ...) > 0 and string.format(format, ...) or format
  lines[#lines + 1] = string.rep("  ", indentation) .. text
end

local function fresh(prefix)
  serial = serial + 1
  return prefix .. serial
end

local function open_scope()
  scopes[#scopes + 1] = {}
  indentation = indentation + 1
end
local function close_scope()
  scopes[#scopes] = nil
  indentation = indentation - 1
end

-- Kinds: integer, float, string, boolean, any, list (of integers, no holes), function.
local prefixes = {
  integer = "i", float = "x", string = "s", boolean = "b", any = "v", list = "t", ["function"] = "f",
}
local value_kinds = { "integer", "integer", "float", "string", "boolean", "any" }

local function declare(variable)
  variable.level = current.level
  local scope = scopes[#scopes]
  scope[#scope + 1] = variable
  return variable
end

local function new_variable(kind, attributes)
  local variable = { name = fresh(prefixes[kind]), kind = kind }
  for key, value in pairs(attributes or {}) do variable[key] = value end
  return variable
end

-- The variables that a name here refers to: an inner declaration hides an outer one of the same name.
local function visible(accept)
  local found, seen = {}, {}
  for s = #scopes, 1, -1 do
    local scope = scopes[s]
    for v = #scope, 1, -1 do
      local variable = scope[v]
      if not seen[variable.name] then
        seen[variable.name] = true
        if accept(variable) then found[#found + 1] = variable end
      end
    end
  end
  return found
end

-- The list's start is likelier: `visible` puts the innermost variables there, whose scopes end soonest.
local function pick_early(list) return list[random(1, random(1, #list))] end

local function find(kind, writable)
  local candidates = visible(function(variable)
    return variable.kind == kind and not (writable and variable.constant)
  end)
  if #candidates == 0 then return nil end
  -- Often something captured, if there is one.
  if chance(35) then
    local outer = {}
    for _, variable in ipairs(candidates) do
      if variable.level < current.level then outer[#outer + 1] = variable end
    end
    if #outer > 0 then return pick_early(outer) end
  end
  return pick_early(candidates)
end

local function afford(cost) return current.cost + current.multiplier * cost <= current.limit end
local function spend(cost) current.cost = current.cost + current.multiplier * cost end

---------------------------------------------------------------------------------------------------------------
-- Expressions. Each function returns source text; text that is more than an operand is parenthesised.

local expression -- expression(kind, depth)

local integer_literals = {
  "0", "1", "2", "3", "-1", "7", "10", "255", "-128", "math.maxinteger", "math.mininteger", "0x7fffffff",
  "9007199254740992", "9007199254740993", "-9007199254740993", "0xff", "1125899906842623", "1125899906842624",
  "-1125899906842625", "4294967296", "0x7fffffffffffffff", "0xffffffffffffffff",
}
local float_literals = {
  "0.5", "1.0", "-0.0", "0.0", "2.0", "3.25", "-7.5", "1e15", "1e16", "2.0^53", "1e308", "math.huge", "-math.huge",
  "math.pi", "1e100", "-1e-3", "9007199254740993.0", "0x1p-3", "1e14", "123456789012345.0", "9223372036854775808.0",
}
local string_literals = {
  '"a"', '"abc"', '""', '"10"', '"0x10"', '" 7 "', '"3.5"', '"1e1"', '"key"', '"B-9"', '"x\\ny"', '"zz top"',
}

local function literal(kind)
  if kind == "integer" then
    return chance(60) and tostring(random(0, 20)) or pick(integer_literals)
  elseif kind == "float" then return pick(float_literals)
  elseif kind == "string" then return pick(string_literals)
  elseif kind == "boolean" then return pick({ "true", "false" })
  elseif kind == "list" then
    local items = {}
    for i = 1, random(0, 5) do items[i] = tostring(random(-9, 99)) end
    return "{" .. table.concat(items, ", ") .. "}"
  end
  return pick({ "nil", "nil", "true", "false", "1", "2.5", '"any"' })
end

-- A name of the kind, or a literal.
local function operand(kind)
  local variable = chance(75) and find(kind)
  return variable and variable.name or literal(kind)
end

-- A receiver for `:method` or `[index]`: a literal needs parentheses there, and so does a number after `..`.
local function receiver(kind)
  local variable = find(kind)
  return variable and variable.name or "(" .. literal(kind) .. ")"
end

-- A call of a visible function that the cost allows, or nil. REQUIRES: result_kind is nil (any function) or a kind.
local function call(result_kind, depth)
  local candidates = visible(function(variable)
    return variable.kind == "function" and variable.callable and afford(variable.cost + 1)
      and (result_kind == nil or variable.results[1] == result_kind)
  end)
  if #candidates == 0 then return nil end
  local callee = pick(candidates)
  spend(callee.cost + 1)
  local arguments = {}
  for i, kind in ipairs(callee.parameters) do
    -- A recursive function's first parameter is its depth: only a small literal keeps it terminating.
    arguments[i] = (callee.recursive and i == 1) and tostring(random(0, 4)) or expression(kind, depth - 1)
  end
  if callee.vararg then
    for _ = 1, random(0, 3) do arguments[#arguments + 1] = expression(pick(value_kinds), depth - 1) end
    if current.vararg and chance(30) then arguments[#arguments + 1] = "..." end
  end
  return callee.name .. "(" .. table.concat(arguments, ", ") .. ")", callee
end

local function comparison(depth)
  local operator = pick({ "<", "<=", ">", ">=", "==", "~=" })
  local shape = random(1, 10)
  if shape <= 4 then
    return string.format("(%s %s %s)", expression("integer", depth - 1), operator, expression("integer", depth - 1))
  elseif shape <= 6 then
    return string.format("(%s %s %s)", expression("integer", depth - 1), operator, expression("float", depth - 1))
  elseif shape == 7 then
    return string.format("(%s %s %s)", expression("float", depth - 1), operator, expression("integer", depth - 1))
  elseif shape == 8 then
    return string.format("(%s %s %s)", expression("string", depth - 1), operator, expression("string", depth - 1))
  elseif shape == 9 then -- constants on one side have instructions of their own
    return string.format("(%s %s %s)", operand("integer"), operator, pick({ "0", "1", "-3", "100", "2.0", "1e3" }))
  end
  return string.format("(%s %s %s)", operand("any"), pick({ "==", "~=" }),
    pick({ "nil", "1", '"any"', "false", operand("any") }))
end

local makers = {}

function makers.integer(depth)
  local shape = random(1, 24)
  if shape <= 6 then return operand("integer") end
  if shape <= 11 then
    return string.format("(%s %s %s)", expression("integer", depth - 1), pick({ "+", "-", "*" }),
      expression("integer", depth - 1))
  elseif shape == 12 then -- immediates and constants
    return string.format("(%s %s %s)", operand("integer"), pick({ "+", "-", "*", "&", "|", "~" }),
      pick({ "1", "-1", "127", "128", "1000000", "0xff00" }))
  elseif shape == 13 then
    return string.format("(%s %s (%s | 1))", expression("integer", depth - 1), pick({ "//", "%" }),
      expression("integer", depth - 1))
  elseif shape == 14 then
    return string.format("(%s %s %s)", expression("integer", depth - 1), pick({ "//", "%" }),
      pick({ "3", "-3", "7", "-1", "2", "math.mininteger" }))
  elseif shape <= 16 then
    return string.format("(%s %s %s)", expression("integer", depth - 1), pick({ "&", "|", "~" }),
      expression("integer", depth - 1))
  elseif shape == 17 then
    return chance(50)
      and string.format("(%s %s %s)", expression("integer", depth - 1), pick({ "<<", ">>" }),
        pick({ "1", "3", "63", "64", "-2", "0", operand("integer"), operand("integer") }))
      or string.format("(%s %s %s)", pick({ "1", "-1", "5" }), pick({ "<<", ">>" }), expression("integer", depth - 1))
  elseif shape == 18 then return string.format("(%s %s)", pick({ "-", "~" }), expression("integer", depth - 1))
  elseif shape == 19 then return "#" .. receiver(pick({ "string", "list" }))
  elseif shape == 20 then
    return string.format("(%s and %s or %s)", expression("boolean", depth - 1), expression("integer", depth - 1),
      expression("integer", depth - 1))
  elseif shape == 21 then
    return string.format("(%s %s %s)", pick({ '"10"', '"0x1F"', '" 3 "', '"-4"' }), pick({ "+", "-", "*", "//" }),
      "(" .. operand("integer") .. " | 1)")
  elseif shape == 22 and current.vararg then return 'select("#", ...)'
  elseif shape == 23 then
    return string.format("math.%s(%s, %s)", pick({ "max", "min" }), expression("integer", depth - 1),
      operand("integer"))
  end
  return call("integer", depth) or operand("integer")
end

function makers.float(depth)
  local shape = random(1, 14)
  if shape <= 4 then return operand("float") end
  if shape <= 7 then
    return string.format("(%s %s %s)", expression("float", depth - 1), pick({ "+", "-", "*", "/", "//", "%" }),
      expression(pick({ "float", "integer" }), depth - 1))
  elseif shape == 8 then
    return string.format("(%s %s %s)", expression("integer", depth - 1), pick({ "+", "-", "*", "/", "//", "%" }),
      expression("float", depth - 1))
  elseif shape == 9 then
    return string.format("(%s / %s)", expression("integer", depth - 1), expression("integer", depth - 1))
  elseif shape == 10 then
    return string.format("(%s ^ %s)", operand(pick({ "float", "integer" })),
      pick({ "2", "0.5", "-1", "3", "0", operand("integer") }))
  elseif shape == 11 then return "(- " .. expression("float", depth - 1) .. ")"
  elseif shape == 12 then
    return string.format("(%s and %s or %s)", expression("boolean", depth - 1), expression("float", depth - 1),
      expression("float", depth - 1))
  elseif shape == 13 then
    return string.format("(%s %s %s)", pick({ '"2.5"', '"1e2"', '"0x.8"' }), pick({ "+", "*", "/", "-" }),
      operand("integer"))
  end
  return call("float", depth) or operand("float")
end

-- Where kinds may be wrong a variable may hold a table, whose address `tostring` would print.
local function text_of(operand_text)
  return (wrong_share > 0 and "show(" or "tostring(") .. operand_text .. ")"
end

function makers.string(depth)
  local shape = random(1, 14)
  if shape <= 4 then return operand("string") end
  if shape <= 6 then
    local parts = {}
    for i = 1, random(2, 4) do
      -- Only integers are concatenated as they are: the sign of a NaN would show.
      parts[i] = chance(30) and " " .. operand("integer") .. " " or expression("string", depth - 1)
    end
    return "(" .. table.concat(parts, " .. ") .. "):sub(1, " .. kMaximumString .. ")"
  elseif shape == 7 then return text_of(expression(pick({ "integer", "boolean" }), depth - 1))
  elseif shape == 8 then return receiver("string") .. pick({ ":upper()", ":lower()", ":reverse()" })
  elseif shape == 9 then
    return string.format("%s:sub(%s, %s)", receiver("string"), pick({ "1", "2", "-3", "0" }),
      pick({ "-1", "2", "5", operand("integer") }))
  elseif shape == 10 then
    return string.format("%s:sub(1, 9):rep(%d, %s)", receiver("string"), random(0, 3), pick({ '""', '","' }))
  elseif shape == 11 then
    return pick({
      string.format('string.format("%%d:%%s", %s, %s)', expression("integer", depth - 1), text_of(operand("string"))),
      string.format('string.format("%%5d|%%-6s|%%x", %s, %s, %s)', operand("integer"),
        text_of(operand("string")), operand("integer")),
      string.format('string.format("%%q", %s)', operand(pick({ "integer", "string" }))),
    })
  elseif shape == 12 then
    return string.format("(%s and %s or %s)", expression("boolean", depth - 1), expression("string", depth - 1),
      expression("string", depth - 1))
  elseif shape == 13 then return "show(" .. expression(pick(value_kinds), depth - 1) .. ")"
  end
  return call("string", depth) or operand("string")
end

function makers.boolean(depth)
  local shape = random(1, 12)
  if shape <= 2 then return operand("boolean") end
  if shape <= 7 then return comparison(depth) end
  if shape == 8 then return "(not " .. expression(pick({ "boolean", "any" }), depth - 1) .. ")" end
  if shape == 9 then
    return string.format("(%s and %s)", expression("boolean", depth - 1), expression("boolean", depth - 1))
  elseif shape == 10 then
    return string.format("(%s or %s)", expression("boolean", depth - 1), expression("boolean", depth - 1))
  elseif shape == 11 then
    return string.format("(not (%s %s %s))", expression("boolean", depth - 1), pick({ "and", "or" }),
      expression("boolean", depth - 1))
  end
  return call("boolean", depth) or operand("boolean")
end

function makers.any(depth)
  local shape = random(1, 10)
  if shape <= 3 then return operand("any") end
  if shape == 4 then return expression(pick({ "integer", "float", "string", "boolean" }), depth - 1) end
  if shape <= 8 then -- chains of and/or/not over mixed kinds: TESTSET, TEST and jumps to jumps
    local text = expression(pick(value_kinds), depth - 1)
    for _ = 1, random(1, 3) do
      text = string.format("%s %s %s%s", text, pick({ "and", "or" }), pick({ "", "", "", "not " }),
        expression(pick({ "any", "any", "boolean", "integer", "string" }), depth - 1))
    end
    return "(" .. text .. ")"
  elseif shape == 9 and current.vararg then
    return pick({ "(...)", string.format("(select(%s, ...))", pick({ "1", "2", "3", "-1" })) })
  end
  return call(nil, depth) or operand("any")
end

function makers.list() return operand("list") end

function expression(kind, depth)
  if wrong_share > 0 and kind ~= "any" and random(1, 1000) <= wrong_share * 10 then
    return operand(pick({ "any", "list", "string", "boolean" }))
  end
  if depth <= 0 then return operand(kind) end
  return makers[kind](depth)
end

---------------------------------------------------------------------------------------------------------------
-- Statements.

local block -- block(count): statements in a scope that is already open
local statement

local function assignment_to(variable, depth)
  line("%s = %s", variable.name, expression(variable.kind, depth))
end

local function any_value(depth) return expression(pick(value_kinds), depth) end

local function log_statement()
  local items = {}
  for i = 1, random(1, 3) do items[i] = any_value(2) end
  line('log("%s", %s)', fresh("L"), table.concat(items, ", "))
end

local function declare_locals()
  local count = chance(60) and 1 or random(2, 3)
  local names, values, variables = {}, {}, {}
  for i = 1, count do
    local kind = pick(value_kinds)
    local attributes = {}
    local attribute = ""
    if chance(12) then
      attributes.constant = true
      attribute = " <const>"
    end
    local variable = new_variable(kind, attributes)
    -- Sometimes the name of another variable, which this one then hides.
    if chance(8) then
      local hidden = find(pick(value_kinds))
      if hidden and not hidden.reserved then variable.name = hidden.name end
    end
    names[i] = variable.name .. attribute
    values[i] = expression(kind, 2)
    variables[i] = variable
  end
  if count > 1 and chance(25) then -- fewer values than names: the last variables are nil
    values[count] = nil
    variables[count].kind = "any"
  elseif chance(10) then values[#values + 1] = any_value(1) -- more values than names
  elseif chance(10) then
    names[#names + 1] = fresh("v")
    variables[#variables + 1] = { name = names[#names], kind = "any" }
    -- The last expression may give several values.
    values[#values + 1] = call(nil, 1) or (current.vararg and "...") or "nil"
  end
  line("local %s = %s", table.concat(names, ", "), table.concat(values, ", "))
  -- Visible only after the statement, as in Lua.
  for _, variable in ipairs(variables) do declare(variable) end
end

local function declare_empty()
  local variable = new_variable("any")
  if chance(50) then
    line("local %s", variable.name)
  else
    local second = new_variable("any")
    line("local %s, %s", variable.name, second.name)
    declare(second)
  end
  declare(variable)
end

local function declare_list()
  local variable = new_variable("list")
  line("local %s = %s", variable.name, literal("list"))
  declare(variable)
end

local function assign()
  local variable = find(pick(value_kinds), true)
  if not variable then return declare_locals() end
  if chance(75) then return assignment_to(variable, 3) end
  local other = find(variable.kind, true)
  if chance(40) then -- a swap, or a rotation through an expression
    line("%s, %s = %s, %s", variable.name, other.name, other.name, expression(variable.kind, 2))
    return
  end
  local third = find(pick(value_kinds), true) or variable
  local text = expression(variable.kind, 2)
  -- With too few values the last target would become nil, so it gets one: a call is cut to one value.
  line("%s, %s = %s, %s%s", variable.name, third.name, text, expression(third.kind, 2),
    chance(20) and ", " .. any_value(1) or "")
end

-- Chains of plain variables: the value of `a or b` is moved on the way to a jump (TESTSET), also into a
-- variable that a closure has captured.
local function choice_statement()
  local function name(kind)
    local variable = find(kind)
    return variable and variable.name or literal(kind)
  end
  local kind = pick({ "any", "any", "boolean" })
  local text = pick({
    "%s or %s", "%s and %s", "%s and %s or %s", "%s or %s and %s", "not %s or %s", "%s == %s or %s",
    "%s < 3 and %s or %s", "%s and (%s or %s) and %s",
  })
  local numeric = text:find("<", 1, true)
  text = text:gsub("%%s", function()
    local operand_kind = numeric and "integer" or kind
    numeric = nil
    return name(operand_kind)
  end)
  local target = find(text:find("==", 1, true) and "any" or kind, true)
  if target and chance(60) then
    line("%s = %s", target.name, target.kind == "any" and text or "not not (" .. text .. ")")
  else
    local variable = new_variable("any")
    line("local %s = %s", variable.name, text)
    declare(variable)
    if chance(40) then
      local name_text = variable.name
      line("kept[#kept + 1] = function() %s = not %s; return %s end", name_text, name_text, name_text)
    end
  end
end

local function list_statement()
  local variable = find("list")
  if not variable then return declare_list() end
  local name = variable.name
  local shape = random(1, 12)
  -- Lists only grow by what is cheap, and are cut so that loops over them stay short.
  if shape == 1 then line("if #%s < 8 then %s[#%s + 1] = %s end", name, name, name, expression("integer", 2))
  elseif shape == 2 then line("if #%s < 8 then table.insert(%s, 1, %s) end", name, name, expression("integer", 1))
  elseif shape == 3 then line('log("%s", #%s, table.remove(%s))', fresh("L"), name, name)
  elseif shape == 4 then
    line("table.sort(%s%s)", name, pick({ "", ", function(p, q) return p > q end", "" }))
  elseif shape == 5 then line('log("%s", table.concat(%s, "%s"))', fresh("L"), name, pick({ ",", "", "; " }))
  elseif shape == 6 then line('log("%s", table.unpack(%s))', fresh("L"), name)
  elseif shape == 7 then -- side effects in the order of a multiple assignment
    local index = new_variable("integer")
    line("local %s = 1", index.name)
    declare(index)
    line("if #%s >= 2 then %s, %s[%s], %s[%s + 1] = %s + 1, %s[%s + 1], %s[%s] end", name, index.name, name,
      index.name, name, index.name, index.name, name, index.name, name, index.name)
  elseif shape == 8 then     -- A nil in the middle would leave the length open.
    line('log("%s", #{ %s, table.unpack(%s) }, select("#", table.unpack(%s)))', fresh("L"),
      expression("integer", 1), name, name)
  elseif shape == 10 then
    line("if #%s > 1 then %s[1], %s[2] = %s[2], %s[1] + %s end", name, name, name, name, name, operand("integer"))
  elseif shape == 11 then line('log("%s", %s[1], %s[2], %s[0])', fresh("L"), name, name, name)
  else line('log("%s", %s[%s], %s[1.0])', fresh("L"), name, expression("integer", 1), name)
  end
end

-- Runs `generate` for a body that is executed at most `bound` times.
local function repeated(bound, generate)
  local before = current.multiplier
  current.multiplier = before * bound
  generate()
  current.multiplier = before
end

-- A loop's body. `continue_label` is where `goto` continues to; nil where the grammar has no place for it.
local function loop_body(bound, options, count)
  local loop = { continue_label = options.continue_label, leavable = options.leavable ~= false }
  current.loops[#current.loops + 1] = loop
  repeated(bound, function() block(count) end)
  current.loops[#current.loops] = nil
  return loop
end

local function body_size(most) return random(1, math.max(1, math.min(most, budget // 2 + 1))) end

local function end_label(loop)
  if loop.used then line("::%s::", loop.continue_label) end
end

local function if_statement()
  line("if %s then", expression("boolean", 3))
  open_scope()
  block(body_size(3))
  close_scope()
  if chance(30) then
    line("elseif %s then", expression("boolean", 2))
    open_scope()
    block(body_size(2))
    close_scope()
  end
  if chance(45) then
    line("else")
    open_scope()
    block(body_size(2))
    close_scope()
  end
  line("end")
end

local function while_statement()
  local bound = random(2, 4)
  if not afford(bound * 4) then return log_statement() end
  local counter = new_variable("integer", { constant = true, reserved = true })
  line("local %s = 0", counter.name)
  declare(counter)
  if chance(30) then
    line("while true do")
    open_scope()
    line("if %s >= %d then break end", counter.name, bound)
  else
    line("while %s < %d%s do", counter.name, bound, chance(30) and " and " .. expression("boolean", 1) or "")
    open_scope()
  end
  -- Counted first: a `continue` may not skip it.
  line("%s = %s + 1", counter.name, counter.name)
  local loop = loop_body(bound, { continue_label = fresh("continue_") }, body_size(4))
  end_label(loop)
  close_scope()
  line("end")
end

local function repeat_statement()
  local bound = random(2, 4)
  if not afford(bound * 4) then return log_statement() end
  local counter = new_variable("integer", { constant = true, reserved = true })
  line("local %s = 0", counter.name)
  declare(counter)
  line("repeat")
  open_scope()
  line("%s = %s + 1", counter.name, counter.name)
  -- No label before `until`: it would not be at the block's end, since the condition sees the block's locals.
  loop_body(bound, {}, body_size(4))
  local condition
  repeated(bound, function() condition = expression("boolean", 2) end) -- may name locals of the body
  close_scope()
  line("until %s >= %d%s", counter.name, bound, chance(60) and " or " .. condition or "")
end

local numeric_ranges = {
  { "1, 3", 3 }, { "3, 1, -1", 3 }, { "1, 10, 4", 3 }, { "5, 1", 1 }, { "1, 0", 1 }, { "1, 3.7", 3 },
  { "3, 0.5, -1", 3 }, { "math.maxinteger - 2, math.maxinteger", 3 }, { "math.mininteger + 2, math.mininteger, -1", 3 },
  { "math.mininteger, math.maxinteger, math.maxinteger", 3 }, { "1, math.mininteger, math.mininteger", 1 },
  { "math.maxinteger - 1, math.huge", 2 }, { "-2, -math.huge, math.mininteger // 2", 3 }, { "0, 2", 3 },
}
local float_ranges = {
  { "1.0, 2.0, 0.5", 3 }, { "1, 0.0, -0.25", 5 }, { "0.1, 0.35, 0.1", 3 }, { "1.0, 3", 3 }, { "3.0, 1", 1 },
  { "0.0, 1e300, 4e299", 4 }, { "2.0^53, 2.0^53 + 4, 2", 3 }, { "-1.5, -4, -1", 3 },
}

local function numeric_for()
  local is_float = chance(25)
  local range = pick(is_float and float_ranges or numeric_ranges)
  local text, bound = range[1], range[2]
  if not is_float and chance(40) then -- bounds known only when it runs
    text, bound = string.format("%s & 3, %s", operand("integer"), pick({ "4", "5", "3" })), 6
  end
  if not afford(bound * 4) then return log_statement() end
  -- The loop variable is a copy: assigning to it does not change how often the loop runs.
  local variable = new_variable(is_float and "float" or "integer")
  line("for %s = %s do", variable.name, text)
  open_scope()
  declare(variable)
  local loop = loop_body(bound, { continue_label = fresh("continue_") }, body_size(4))
  end_label(loop)
  close_scope()
  line("end")
end

local function generic_for()
  if not afford(20) then return log_statement() end
  local index = new_variable("integer")
  local value = new_variable("integer")
  local bound, header = 8, nil
  local leavable = true
  local shape = random(1, 6)
  if shape == 1 then header = string.format("ipairs(%s)", receiver("list"))
  elseif shape == 2 then
    bound = 4
    header = string.format("pairs({%s, %s, %s})", expression("integer", 1), expression("integer", 1),
      operand("integer"))
  elseif shape == 3 then -- a closure that keeps its state in captured locals
    bound = random(2, 4)
    header = string.format("counting(%d)", bound)
  elseif shape == 4 then -- an iterator function with a state and a control value
    bound = random(2, 4)
    header = string.format("(function(limit, at) if at < limit then return at + 1, at * %s end end), %d, 0",
      operand("integer"), bound)
  elseif shape == 5 then
    bound = 3
    header = string.format('(%s):gmatch("[%%w]")', pick({ '"ab"', '"x-y"', '""', '"q r s"' }))
    index.kind, value.kind = "string", "any"
  else
    bound = 3
    leavable = false
    -- Neither `break` nor `goto` may leave this loop: 5.4.4 then forgets to close (see the opening comment).
    header = string.format('(function(limit, at) if at < limit then return at + 1, at end end), %d, 0, closer("%s")',
      bound, fresh("C"))
  end
  local names = chance(85) and index.name .. ", " .. value.name or index.name
  line("for %s in %s do", names, header)
  open_scope()
  declare(index)
  index.constant = false
  if names ~= index.name then declare(value) end
  local loop = loop_body(bound, { continue_label = fresh("continue_"), leavable = leavable }, body_size(4))
  end_label(loop)
  close_scope()
  line("end")
end

-- Leaves or continues a loop from inside an `if`.
local function jump_statement()
  local depth = #current.loops
  if depth == 0 then return log_statement() end
  local loop = current.loops[depth]
  local target = loop
  -- Sometimes continue an outer loop; not across a loop that must not be left.
  if chance(25) and depth > 1 and loop.leavable then target = current.loops[depth - 1] end
  local condition = expression("boolean", 2)
  if chance(50) and target.continue_label then
    target.used = true
    line("if %s then goto %s end", condition, target.continue_label)
  elseif loop.leavable then
    line("if %s then break end", condition)
  else
    log_statement()
  end
end

-- A loop made of a label and a `goto`: locals declared between them are fresh each time.
local function backward_goto()
  local bound = random(2, 3)
  if not afford(bound * 4) then return log_statement() end
  local counter = new_variable("integer", { constant = true, reserved = true })
  local label = fresh("again_")
  line("do")
  open_scope()
  line("local %s = 0", counter.name)
  declare(counter)
  line("::%s::", label)
  line("%s = %s + 1", counter.name, counter.name)
  -- Neither `break` nor `continue` of an enclosing loop is affected; this is no loop of the grammar.
  repeated(bound, function() block(body_size(3)) end)
  line("if %s < %d then goto %s end", counter.name, bound, label)
  close_scope()
  line("end")
end

-- A forward `goto` over statements, out of a nested block.
local function forward_goto()
  local label = fresh("done_")
  line("do")
  open_scope()
  block(body_size(2))
  line("if %s then goto %s end", expression("boolean", 2), label)
  block(body_size(3))
  line("::%s::%s", label, chance(30) and " ;" or "") -- at the block's end: locals may be jumped over
  close_scope()
  line("end")
end

local function do_block()
  line("do")
  open_scope()
  block(body_size(4))
  close_scope()
  line("end")
end

local function close_block()
  line("do")
  open_scope()
  block(body_size(2))
  local name = fresh("c")
  if chance(20) then line("local %s <close> = %s", name, pick({ "nil", "false" }))
  else
    local captured = find("integer", true)
    if captured and chance(40) then
      local text = captured.name
      line('local %s <close> = closer("%s", function() %s = %s + 1; log("%s", %s) end)', name, fresh("C"), text, text,
        text, text)
    else line('local %s <close> = closer("%s")', name, fresh("C"))
    end
  end
  block(body_size(3))
  close_scope()
  line("end")
end

-- Generates a function's inside. Returns its cost.
local function inside_function(parameters, vararg, generate)
  local outer = current
  current = {
    level = outer.level + 1, multiplier = 1, cost = 1, limit = 250, vararg = vararg, loops = {}, outer = outer,
    }
  open_scope()
  for _, parameter in ipairs(parameters) do declare(parameter) end
  generate()
  close_scope()
  local cost = current.cost
  current = outer
  return cost
end

local function make_parameters(count)
  local parameters, names, kinds = {}, {}, {}
  for i = 1, count do
    local kind = pick(value_kinds)
    parameters[i] = new_variable(kind)
    names[i] = parameters[i].name
    kinds[i] = kind
  end
  return parameters, names, kinds
end

local function return_values(kinds, depth)
  local values = {}
  for i, kind in ipairs(kinds) do values[i] = expression(kind, depth) end
  return table.concat(values, ", ")
end

local function function_statement()
  if current.level >= 4 then return log_statement() end
  local parameters, names, kinds = make_parameters(random(0, 3))
  local vararg = chance(25)
  if vararg then names[#names + 1] = "..." end
  local results = {}
  for i = 1, random(1, 3) do results[i] = pick(value_kinds) end
  local variable = new_variable("function",
    { constant = true, callable = true, parameters = kinds, results = results, vararg = vararg })
  local is_expression = chance(30)
  if is_expression then line("local %s = function(%s)", variable.name, table.concat(names, ", "))
  else line("local function %s(%s)", variable.name, table.concat(names, ", "))
  end
  variable.cost = inside_function(parameters, vararg, function()
    block(body_size(4))
    if chance(35) then
      line("if %s then return %s end", expression("boolean", 2), return_values(results, 1))
    end
    -- A tail call gives all of its results; it is only right where the kinds agree, so it ends `any` functions.
    if results[1] == "any" and #results == 1 and chance(50) then
      line("return %s", (call(nil, 2)) or return_values(results, 2))
    else line("return %s", return_values(results, 2))
    end
  end)
  line("end")
  declare(variable)
end

local function recursive_function()
  if current.level >= 3 then return log_statement() end
  local parameters, names, kinds = make_parameters(1)
  local depth = new_variable("integer", { constant = true, reserved = true })
  table.insert(parameters, 1, depth)
  table.insert(names, 1, depth.name)
  table.insert(kinds, 1, "integer")
  local results = { kinds[2], "integer" }
  local variable = new_variable("function",
    { constant = true, callable = true, recursive = true, parameters = kinds, results = results })
  line("local function %s(%s)", variable.name, table.concat(names, ", "))
  local cost = inside_function(parameters, false, function()
    line("if %s <= 0 then return %s, %s end", depth.name, expression(kinds[2], 2), depth.name)
    block(body_size(3))
    local again = string.format("%s(%s - 1, %s)", variable.name, depth.name, expression(kinds[2], 2))
    if chance(50) then line("return %s", again)
    else
      local deeper, count = new_variable(kinds[2]), new_variable("integer")
      line("local %s, %s = %s", deeper.name, count.name, again)
      declare(deeper)
      declare(count)
      line("return %s, %s + 1", expression(kinds[2], 1), count.name)
    end
  end)
  variable.cost = cost * 5
  line("end")
  declare(variable)
end

-- An anonymous function, on one line, that changes and returns what it captures. Returns text.
local function small_closure()
  local target = find(pick({ "integer", "integer", "float", "string", "boolean" }), true)
  local text
  inside_function({}, false, function()
    if target then
      text = string.format("function() %s = %s; return %s end", target.name, expression(target.kind, 2), target.name)
    else text = string.format("function() return %s end", any_value(2))
    end
    -- Kept closures are called later, so what they cost then is bounded here: no calls from them.
  end)
  return text
end

-- Keeps a closure for the end of the section. Closures call nothing, so running them is cheap.
local function keep_closure()
  local hidden = {}
  -- Take the functions out of sight while the closure's expressions are made.
  for _, variable in ipairs(visible(function(variable) return variable.callable end)) do
    hidden[#hidden + 1] = variable
    variable.callable = false
  end
  line("kept[#kept + 1] = %s", small_closure())
  for _, variable in ipairs(hidden) do variable.callable = true end
end

local function closure_pair()
  local variable = new_variable(pick({ "integer", "float", "string" }))
  line("local %s = %s", variable.name, expression(variable.kind, 1))
  declare(variable)
  keep_closure()
  line("kept[#kept + 1] = function() return %s end", variable.name)
  if chance(50) then assignment_to(variable, 2) end
end

local function protected_statement()
  if current.level >= 4 then return log_statement() end
  line('log("%s", pcall(function(...)', fresh("P"))
  local cost = inside_function({}, true, function()
    block(body_size(3))
    local shape = random(1, 6)
    if shape == 1 then line('error("message " .. show(%s))', any_value(1))
    elseif shape == 2 then line("if %s then error({ code = %s }) end", expression("boolean", 2), operand("integer"))
    elseif shape == 3 then line("error(%s, %d)", operand("string"), random(0, 2))
    elseif shape == 4 then -- an ordinary error; the kinds are wrong on purpose
      local value, list = receiver("any"), receiver("list")
      line("return %s", pick({
        value .. ".field", value .. "()", value .. ":method()", "1 + " .. list, list .. " .. 'x'", list .. " < 1",
        value .. " < " .. value, "#" .. value, "-" .. list, "1 & 1.5", "2 << " .. list, list .. ".a.b",
        "1 // (" .. operand("integer") .. " & 0)", '"abc" + 1', "undefined_global.x", "undefined_global()",
        "string.rep()", "math.floor({})", '("x"):nothing()', "setmetatable(1, {})", "#undefined_global",
        "2^53 | 1.5", "'12' | '1.5'", "({}) .. ({})", "math.tointeger({})", "ipairs()", "select(0)",
      }))
    else line("return %s", return_values({ pick(value_kinds), pick(value_kinds) }, 2))
    end
  end)
  spend(cost)
  line("%s))", current.vararg and "end, ..." or "end, " .. any_value(1))
end

local function metamethod_statement()
  -- The expressions stand inside a function of their own, which sees this one's `...` only if it is handed on.
  local function protect(format, ...)
    line('log("%s", pcall(function(...) %s end%s))', fresh("M"), string.format(format, ...),
      current.vararg and ", ..." or "")
  end
  local left, right = pick({ "P", "Q" }), pick({ "P", "Q", "3", '"w"', "2.5", operand("integer") })
  if chance(30) then left, right = right, left end
  if chance(20) then left = pick({ "P", "Q" }) end
  local operator = pick({
    "+", "-", "*", "/", "//", "%", "^", "&", "|", "~", "<<", ">>", "..", "<", "<=", "==", "~=", ">", ">=",
  })
  local shape = random(1, 11)
  local text
  if shape <= 6 then text = string.format("%s %s %s", left, operator, right)
  elseif shape == 7 then text = pick({ "-P", "~P", "#P", "not P", "-Q", "#Q", "~Q", "#tostring(P) < 6" })
  elseif shape == 8 then text = string.format("P.%s", pick({ "alpha", "beta", "value", "missing" }))
  elseif shape == 11 then
    text = string.format("%s:%s(%s)", pick({ "P", "Q" }), pick({ "bump", "bump", "alpha" }), any_value(1))
  elseif shape == 9 then
    return protect("%s.%s = %s", pick({ "P", "Q" }), pick({ "alpha", "beta" }), any_value(1))
  else text = string.format("%s(%s)", pick({ "P", "Q" }), any_value(1))
  end
  protect("return %s", text)
end

local function vararg_statement()
  if not current.vararg then
    line('log("%s", spread(%s, %s))', fresh("L"), any_value(1), any_value(1))
    return
  end
  line(pick({
    'log("%s", select("#", ...), ...)',
    'log("%s", #{ n = 1, ... } >= 0, table.pack(...).n)',
    'log("%s", (...), (select("#", 1, ...)))',
    'log("%s", table.unpack({ ... }, 1, 3))',
    'log("%s", spread(1, ...))',
  }), fresh("L"))
end

local function string_statement()
  local text = receiver("string")
  line('log("%s", %s)', fresh("L"), pick({
    text .. ':find("[%a]+")', text .. ':gsub("%w", "<%0>")', text .. ":byte(1, 3)", text .. ':match("(%a*)(%d*)")',
    text .. ':find("b", 1, true)', '("%s=%5.2f"):format("k", 3.14159)', "#" .. text .. ", " .. text .. ":rep(2)",
    "tonumber(" .. text .. ")", text_of(expression("integer", 2)), "math.type(" .. expression("float", 1) .. ")",
    text .. ':gsub("(%w)(%w)", "%2%1", 2)', "tonumber(" .. text .. ", 16)", text .. ' < "b", ' .. text .. ' == "abc"',
  }))
end

local function global_statement()
  local name = pick({ "Alpha", "Beta" })
  line("%s = (math.type(%s) and %s or 0) + %s", name, name, name, pick({ "1", "0.5", operand("integer") }))
  line('log("%s", %s)', fresh("L"), name)
end

local statements = {
  { "log", log_statement, 10 }, { "locals", declare_locals, 14 }, { "empty", declare_empty, 2 },
  { "choice", choice_statement, 6 }, { "list", list_statement, 6 }, { "assign", assign, 16 },
  { "if", if_statement, 9 }, { "while", while_statement, 5 },
  { "repeat", repeat_statement, 5 }, { "numeric", numeric_for, 7 }, { "generic", generic_for, 6 },
  { "jump", jump_statement, 8 }, { "backward", backward_goto, 4 }, { "forward", forward_goto, 3 },
  { "do", do_block, 3 }, { "close", close_block, 4 }, { "function", function_statement, 7 },
  { "recursive", recursive_function, 2 }, { "keep", keep_closure, 12 }, { "pair", closure_pair, 5 },
  { "protected", protected_statement, 4 }, { "metamethod", metamethod_statement, 5 }, { "vararg", vararg_statement, 3 },
  { "string", string_statement, 3 }, { "global", global_statement, 2 },
}

-- The mix of this program: some features left out, some favoured.
local function choose_weights()
  weights = { total = 0 }
  for _, entry in ipairs(statements) do
    local weight = entry[3]
    local draw = random(1, 10)
    if draw <= 2 and weight < 14 then weight = 0 elseif draw >= 9 then weight = weight * 3 end
    weights.total = weights.total + weight
    weights[#weights + 1] = { limit = weights.total, generate = entry[2] }
  end
end

function statement()
  budget = budget - 1
  spend(1)
  local draw = random(1, weights.total)
  for _, entry in ipairs(weights) do
    if draw <= entry.limit then return entry.generate() end
  end
end

function block(count)
  for _ = 1, count do
    -- Deep nesting is as likely to be wrong as wide code, but exhausts the 200 lines: the budget stops it.
    if budget <= 0 or not afford(1) or indentation > 9 then break end
    statement()
  end
end

---------------------------------------------------------------------------------------------------------------
-- Programs.

-- How sections are run, what interrupts them, and how a generic `for` counts.
local straight = [[
local function pause() end
local function run(f, ...) return pcall(f, ...) end
local function counting(limit)
  local at = 0
  return function()
    at = at + 1
    if at <= limit then return at, limit - at end
  end
end
]]
-- In a coroutine the stack is small at first: 5.4.4 loses operands when it grows in the middle of a concatenation.
local interrupted = [[
local function pause(...)
  if coroutine.isyieldable() then
    local count = select("#", ...)
    assert(coroutine.yield(count, ...) == count)
  end
end
local function deep(n) if n > 0 then return (deep(n - 1)) end end
local function run(f, ...)
  local section = coroutine.create(function(...)
    deep(60)
    return pcall(f, ...)
  end)
  local results = table.pack(coroutine.resume(section, ...))
  while coroutine.status(section) == "suspended" do
    assert(results.n == results[2] + 2)
    results = table.pack(coroutine.resume(section, results[2]))
  end
  return table.unpack(results, 2, results.n)
end
local function counting(limit)
  return coroutine.wrap(function()
    for at = 1, limit do coroutine.yield(at, limit - at) end
  end)
end
]]

local function prelude()
  local text = (yields and interrupted or straight) .. [[
local function show(value)
  if value ~= value then return "nan" end -- the sign of a NaN is nobody's promise
  local kind = type(value)
  if kind == "table" or kind == "function" then return kind end
  return tostring(value)
end
local function log(...)
  local items = {}
  for i = 1, select("#", ...) do items[i] = show((select(i, ...))) end
  print(table.concat(items, " "))
  pause(...)
end
local function spread(first, ...) return select("#", ...), first, ... end
local function closer(name, action)
  return setmetatable({}, { __close = function(_, problem)
    -- An uncaught error's message may have a traceback by now: each interpreter has its own wording.
    log("close", name, type(problem) == "string" and problem:match("^[^\n]*") or problem)
    if action then action() end
  end })
end
]]
  for one_line in text:gmatch("(.-)\n") do line(one_line) end
end

-- Two objects, P and Q, whose metatables have a random part of the metamethods.
local function objects()
  local events = {
    "add", "sub", "mul", "div", "idiv", "mod", "pow", "band", "bor", "bxor", "shl", "shr", "concat",
  }
  local function describe(name, share)
    local parts = {}
    for _, event in ipairs(events) do
      if chance(share) then
        parts[#parts + 1] = string.format(
          "__%s = function(a, b) calls = calls + 1; pause(a); return '%s%s', show(a), show(b) end", event, name, event)
      end
    end
    for _, event in ipairs({ "unm", "bnot", "len" }) do
      if chance(share) then
        parts[#parts + 1] = string.format("__%s = function(a) calls = calls + %d; pause(); return calls end", event,
          random(1, 9))
      end
    end
    for _, event in ipairs({ "lt", "le", "eq" }) do
      if chance(share) then
        parts[#parts + 1] = string.format("__%s = function(a, b) calls = calls + 1; pause(b); return %s end", event,
          pick({ "calls % 2 == 0", "nil", "1", "show(a) == show(b)", "false" }))
      end
    end
    if chance(share) then
      parts[#parts + 1] = pick({
        "__index = function(_, key) calls = calls + 1; pause(key, nil); return key .. calls end",
        '__index = { alpha = "inherited", beta = 2 }',
        '__index = setmetatable({ alpha = 1 }, { __index = function(_, key) return key end })',
      })
    end
    if chance(share) then
      parts[#parts + 1] = pick({
        "__newindex = function(object, key, value) pause(); rawset(object, key, show(value) .. '!') end",
        "__newindex = sink",
        "__newindex = function(_, key) error('no ' .. key, " .. random(0, 2) .. ") end",
      })
    end
    if chance(share) then
      parts[#parts + 1] = "__call = function(_, ...) calls = calls + 1; pause(...); return select('#', ...), ... end"
    end
    if chance(share) then parts[#parts + 1] = string.format("__tostring = function() return '<%s>' end", name) end
    line("local %s = setmetatable({", name)
    line("  value = %s, bump = function(self, n) calls = calls + 1; return n, self.value end", literal("integer"))
    line("}, {")
    for _, part in ipairs(parts) do line("  %s,", part) end
    line("})")
  end
  line("local calls, sink = 0, {}")
  local share = random(30, 90)
  describe("P", share)
  if chance(50) then describe("Q", random(10, 90))
  else line("local Q = setmetatable({ value = 1 }, getmetatable(P))")
  end
end

local function section(number)
  budget = random(14, 34)
  line("local function section%d(...)", number)
  inside_function({}, true, function()
    current.limit = kMaximumCost
    line("local kept = {}")
    for _ = 1, random(1, 3) do declare_locals() end
    block(random(5, 12))
    -- Called twice, in two orders: closures that share a variable show it, and so do those that should not.
    line("for n = 1, math.min(#kept, 12) do log(\"kept\", n, kept[n](), kept[#kept + 1 - n]()) end")
    if chance(50) then line("return %s", return_values({ pick(value_kinds), pick(value_kinds) }, 2)) end
  end)
  line("end")
  local arguments = {}
  for i = 1, random(0, 3) do arguments[i] = literal(pick(value_kinds)) end
  local list = #arguments > 0 and ", " .. table.concat(arguments, ", ") or ""
  line('log("section %d", run(section%d%s))', number, number, list)
end

local function generate(seed)
  random_state = seed
  yields = seed % 4 == 0
  lines, indentation, serial, scopes = {}, 0, 0, { {} }
  current = { level = 0, multiplier = 1, cost = 0, limit = kMaximumCost, vararg = true, loops = {} }
  wrong_share = pick({ 0, 0, 0, 1, 2, 4 })
  choose_weights()
  prelude()
  objects()
  -- Shared by all sections: globals and locals of the main chunk, which every section captures.
  for _, kind in ipairs({ "integer", "float", "string", "boolean", "any", "list" }) do
    local variable = new_variable(kind)
    if kind ~= "list" and chance(25) then
      variable.name = "Global_" .. kind
      line("%s = %s", variable.name, literal(kind))
    else line("local %s = %s", variable.name, literal(kind))
    end
    declare(variable)
  end
  local target = random(50, 115)
  local number = 0
  repeat
    number = number + 1
    section(number)
    current.cost = 0
  until #lines >= target or number >= 12
  if chance(10) then -- an error that nobody catches: the standalone interpreter's own report
    line(pick({
      'error("uncaught")', 'error("uncaught", 0)', "error({ code = 1 })", "local object = nil; return object.field",
      'error(setmetatable({}, { __tostring = function() return "described" end }))', "error()",
      "error(nil)", "error(42)", "return 1 + {}", 'local held <close> = closer("main"); error("while held")', "error(true)",
    }))
  elseif chance(5) then line("do return 1, 2 end")
  end
  return table.concat(lines, "\n") .. "\n"
end

for seed = first_seed, first_seed + program_count - 1 do
  local program = generate(seed)
  -- A program that does not compile is the generator's fault, and would compare as equal for ever.
  local _, problem = load(program, "=" .. seed)
  if problem then
    local line_text = lines[tonumber(problem:match(":(%d+):"))] or ""
    io.stderr:write("generate.lua: seed ", seed, ": ", problem, ": ", line_text, "\n")
    os.exit(1)
  end
  if directory then
    local file = assert(io.open(directory .. "/" .. seed .. ".lua", "w"))
    file:write(program)
    file:close()
  else io.write(program)
  end
end
