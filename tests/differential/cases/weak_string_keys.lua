-- Strings are values, not objects, to a weak table: none of its entries goes for their sake (manual §2.5.4).
local function text(i) return ("a long text that is not interned "):rep(3) .. i end
local kept = {}
for _, mode in ipairs { "k", "v", "kv" } do
  local t = setmetatable({}, { __mode = mode })
  for i = 1, 20 do
    t[text(i)] = i
    t[text(-i)] = {}
    t["short" .. i] = text(i)
  end
  t[text(0)], kept[mode] = kept, t
  collectgarbage()
  local numbers, tables, texts = 0, 0, 0
  for key, value in pairs(t) do
    if type(value) == "number" then numbers = numbers + (key == text(value) and 1 or 0) end
    if type(value) == "table" then tables = tables + 1 end
    if type(value) == "string" then texts = texts + (key:find "short" and 1 or 0) end
  end
  print(mode, numbers, tables, texts, t[text(0)] == kept, t[text(7)], type(t[text(-7)]))
end
