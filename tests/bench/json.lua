-- Writing and parsing JSON: string patterns, sub, byte, table.concat, closures in tables (RFC 8259).
local size = tonumber((...)) or 40

local RECORDS = 300 -- in the document

-- JSON's null, and the mark of tables that are arrays.
local null = setmetatable({}, { __tostring = function() return "null" end })
local Array = {}
Array.__index = Array

function Array.new(elements) return setmetatable(elements or {}, Array) end
function Array:add(value) self[#self + 1] = value end

-- The writer. Members come in the order of their names, so that equal values have equal texts.
local escapes = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}
local function escaped(character)
  return escapes[character] or ("\\u%04x"):format(character:byte())
end
local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', escaped) .. '"'
end

local Writer = {}
Writer.__index = Writer

function Writer.new() return setmetatable({ parts = {}, count = 0 }, Writer) end

function Writer:put(text)
  local count = self.count + 1
  self.count = count
  self.parts[count] = text
end

function Writer:array(array)
  self:put("[")
  for index, element in ipairs(array) do
    if index > 1 then self:put(",") end
    self:value(element)
  end
  self:put("]")
end

function Writer:object(object)
  local names = {}
  for name in pairs(object) do names[#names + 1] = name end
  table.sort(names)
  self:put("{")
  for index, name in ipairs(names) do
    if index > 1 then self:put(",") end
    self:put(quoted(name))
    self:put(":")
    self:value(object[name])
  end
  self:put("}")
end

local write_kind = {
  boolean = function(writer, value) writer:put(tostring(value)) end,
  string = function(writer, value) writer:put(quoted(value)) end,
  number = function(writer, value)
    writer:put((value == math.floor(value) and "%d" or "%.17g"):format(value))
  end,
  table = function(writer, value)
    if value == null then
      writer:put("null")
    elseif getmetatable(value) == Array then
      writer:array(value)
    else
      writer:object(value)
    end
  end,
}

function Writer:value(value)
  local write = write_kind[type(value)] or error("JSON has no " .. type(value))
  write(self, value)
end

local function to_json(value)
  local writer = Writer.new()
  writer:value(value)
  return table.concat(writer.parts)
end

-- The parser: by recursive descent, each method from self.position, which it leaves after what it has read.
local Parser = {}
Parser.__index = Parser

function Parser.new(text) return setmetatable({ text = text, position = 1 }, Parser) end

function Parser:fail(expected)
  local before = self.text:sub(1, self.position - 1)
  local _, line_ends = before:gsub("\n", "")
  error(("line %d, byte %d: expected %s"):format(line_ends + 1, self.position, expected))
end

function Parser:skip_space()
  self.position = self.text:find("[^ \t\r\n]", self.position) or #self.text + 1
end

-- Takes a character if it is the next one after spaces.
function Parser:accept(character)
  self:skip_space()
  if self.text:sub(self.position, self.position) ~= character then return false end
  self.position = self.position + 1
  return true
end

function Parser:expect(character)
  if not self:accept(character) then self:fail("'" .. character .. "'") end
end

local unescaped = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function utf8_of(code)
  local function continued(value) return 0x80 + value % 64 end
  local sixth = math.floor(code / 64)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + sixth, continued(code)) end
  local twelfth = math.floor(sixth / 64)
  if code < 0x10000 then return string.char(0xE0 + twelfth, continued(sixth), continued(code)) end
  return string.char(0xF0 + math.floor(twelfth / 64), continued(twelfth), continued(sixth), continued(code))
end

-- The four digits after \u, and those of a second half where the first one needs it.
function Parser:unicode()
  local function half()
    local digits = self.text:match("^u(%x%x%x%x)", self.position) or self:fail("four hexadecimal digits")
    self.position = self.position + 5
    return tonumber(digits, 16)
  end
  local code = half()
  if code < 0xD800 or code > 0xDFFF then return utf8_of(code) end
  if code > 0xDBFF or self.text:sub(self.position, self.position) ~= "\\" then self:fail("a surrogate pair") end
  self.position = self.position + 1
  local low = half()
  if low < 0xDC00 or low > 0xDFFF then self:fail("a surrogate pair") end
  return utf8_of(0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00))
end

function Parser:string()
  local text, parts = self.text, nil
  while true do
    local stop = text:find('["\\%c]', self.position) or self:fail("the string's end")
    local run = text:sub(self.position, stop - 1)
    self.position = stop + 1
    local character = text:sub(stop, stop)
    if character == '"' then
      if not parts then return run end
      parts[#parts + 1] = run
      return table.concat(parts)
    end
    if character ~= "\\" then self:fail("no control character in a string") end
    parts = parts or {}
    parts[#parts + 1] = run
    local name = text:sub(stop + 1, stop + 1)
    if name == "u" then
      parts[#parts + 1] = self:unicode()
    else
      parts[#parts + 1] = unescaped[name] or self:fail("an escape")
      self.position = self.position + 1
    end
  end
end

function Parser:number()
  local text, start = self.text, self.position
  local _, stop = text:find("^-?%d+", start)
  if not stop or text:find("^-?0%d", start) then self:fail("a value") end
  local _, fraction = text:find("^%.%d+", stop + 1)
  stop = fraction or stop
  local _, exponent = text:find("^[eE][+-]?%d+", stop + 1)
  stop = exponent or stop
  self.position = stop + 1
  return tonumber(text:sub(start, stop))
end

function Parser:array()
  local array = Array.new()
  if self:accept("]") then return array end
  repeat array:add(self:value()) until not self:accept(",")
  self:expect("]")
  return array
end

function Parser:object()
  local object = {}
  if self:accept("}") then return object end
  repeat
    self:expect('"')
    local name = self:string()
    self:expect(":")
    object[name] = self:value()
  until not self:accept(",")
  self:expect("}")
  return object
end

local function word(text, value)
  return function(parser)
    if parser.text:sub(parser.position, parser.position + #text - 1) ~= text then parser:fail(text) end
    parser.position = parser.position + #text
    return value
  end
end
local function after_first(method)
  return function(parser)
    parser.position = parser.position + 1
    return method(parser)
  end
end
local value_after = {
  ["{"] = after_first(Parser.object),
  ["["] = after_first(Parser.array),
  ['"'] = after_first(Parser.string),
  t = word("true", true),
  f = word("false", false),
  n = word("null", null),
}

function Parser:value()
  self:skip_space()
  local parse = value_after[self.text:sub(self.position, self.position)] or Parser.number
  return parse(self)
end

local function from_json(text)
  local parser = Parser.new(text)
  local value = parser:value()
  parser:skip_space()
  if parser.position <= #text then parser:fail("the end") end
  return value
end

-- The document: records with something of everything that JSON has, of pseudo-random sizes.
local function document(count)
  local state = 42
  local function random(limit)
    state = (state * 16807) % 2147483647
    return state % limit
  end
  local words = { "graph", "kernel", "na\195\175ve", 'a "quoted" word', "tab\tand\nline", "back\\slash", "", "\1" }
  local function tags()
    local result = Array.new()
    for _ = 1, random(5) do result:add(words[random(#words) + 1]) end
    return result
  end
  local records = Array.new()
  for number = 1, count do
    records:add({
      id = number,
      name = words[random(#words) + 1] .. " " .. number,
      weight = (random(2000001) - 1000000) / 1024,
      active = random(2) == 0,
      owner = random(3) == 0 and { id = random(100), email = ("user%d@example.org"):format(random(1000)) } or null,
      tags = tags(),
      ["two words"] = {},
    })
  end
  return { version = 1, records = records, empty = Array.new() }
end

local function same(one, other)
  if type(one) ~= "table" or type(other) ~= "table" or one == null then return one == other end
  if getmetatable(one) ~= getmetatable(other) then return false end
  for name, value in pairs(one) do
    if not same(value, other[name]) then return false end
  end
  for name in pairs(other) do
    if one[name] == nil then return false end
  end
  return true
end

local function expect_failure(text)
  if pcall(from_json, text) then error("this is not JSON: " .. text) end
end

local spelled = from_json(' { "\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\/" : [ 1.5e3 , -0.25 , null , true ] } ')
if not same(spelled, { ["A\195\169\226\130\172\240\159\152\128/"] = Array.new({ 1500, -0.25, null, true }) }) then
  error("escapes or numbers are read wrong")
end
local no_json = {
  "", "[1,", "[1 2]", '{"a" 1}', '"open', '"\\x"', "nul", "[1]]", '"\n"', "[01]", "1.", "1e", '"\\ud83d"',
}
for _, text in ipairs(no_json) do expect_failure(text) end

local original = document(RECORDS)
local text = to_json(original)
local checksum = 0
for _ = 1, size do
  local copy = from_json(text)
  if not same(original, copy) then error("the document has changed on its way") end
  local again = to_json(copy)
  if again ~= text then error("the text has changed on its way") end
  checksum = (checksum * 31 + #again + again:byte(checksum % #again + 1)) % 1000003
end
print(#text, checksum)
