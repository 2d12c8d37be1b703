-- The module `multiprocessing.connection`: connections are vm/lib/connections.cpp's.
local _multiprocessing = require "_multiprocessing"
local support = require "_class"
local check_timeout, has_keywords, keywords = support.check_timeout, support.has_keywords, support.keywords

-- Those of the connections, or file descriptors, that can be read, as a list.
local function wait(object_list, timeout)
  if has_keywords(object_list) and object_list.object_list then
    object_list, timeout = keywords("wait", object_list, "object_list", "timeout")
  end
  return _multiprocessing.wait(object_list, check_timeout(timeout))
end

return {Pipe = _multiprocessing.Pipe, wait = wait}
