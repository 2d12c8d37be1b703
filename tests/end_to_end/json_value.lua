-- Reads one JSON document from standard input and prints the value at a path: `... | gilvm json_value.lua repeats.1.ok`.
-- An object or array prints as its number of entries. Anything that is not JSON is an error.
local text, at = io.read("a"), 1

local function fail(what) error(what .. " at byte " .. at, 0) end

local function skip(pattern)
  local first, last = text:find("^" .. pattern, at)
  if not first then return nil end
  at = last + 1
  return text:sub(first, last)
end

local function spaces() skip("[ \t\r\n]+") end

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function quoted()
  at = at + 1
  local parts = {}
  while not skip('"') do
    local plain = skip('[^"\\\0-\31]+')
    if plain then
      parts[#parts + 1] = plain
    elseif skip("\\u") then
      parts[#parts + 1] = utf8.char(tonumber(skip("%x%x%x%x") or fail("bad escape"), 16))
    elseif skip("\\") then
      parts[#parts + 1] = escapes[skip(".")] or fail("bad escape")
    else
      fail("bad string")
    end
  end
  return table.concat(parts)
end

local value

local function list(closing, entry)
  at = at + 1
  local result = {}
  spaces()
  if skip(closing) then return result end
  repeat
    spaces()
    entry(result)
    spaces()
  until not skip(",")
  if not skip(closing) then fail("'" .. closing .. "' expected") end
  return result
end

function value()
  spaces()
  local first = text:sub(at, at)
  if first == '"' then return quoted() end
  if first == "[" then return list("]", function(result) result[#result + 1] = value() end) end
  if first == "{" then
    return list("}", function(result)
      if text:sub(at, at) ~= '"' then fail("key expected") end
      local key = quoted()
      spaces()
      if not skip(":") then fail("':' expected") end
      result[key] = value()
    end)
  end
  if skip("true") then return true end
  if skip("false") then return false end
  if skip("null") then return "null" end
  return tonumber(skip("-?%d+%.?%d*[eE]?[-+]?%d*") or fail("value expected"))
end

local document = value()
spaces()
if at <= #text then fail("more than one value") end
for key in (arg[1] or ""):gmatch("[^.]+") do
  document = document[tonumber(key) or key]
end
if type(document) == "table" then
  local count = 0
  for _ in pairs(document) do count = count + 1 end
  print(count)
else
  print(document)
end
