-- The module `urllib.request`: urlopen(), on http.client.
local builtins = require "builtins"
local client = require "http.client"
local keywords = require("_class").keywords
local TypeError, exception_type = builtins.TypeError, builtins.exception_type
local error, pcall, tostring, type = error, pcall, tostring, type
local find, format, match = string.find, string.format, string.match

local URLError = exception_type("urllib.error.URLError", builtins.OSError)
local HTTPError = exception_type("urllib.error.HTTPError", URLError)

local REDIRECTS = {[301] = true, [302] = true, [303] = true, [307] = true, [308] = true}
local MOST_REDIRECTS <const> = 10

local function url_error(reason)
  local problem = URLError("<urlopen error " .. tostring(reason) .. ">")
  problem.reason = reason
  return problem
end

-- The answer has its body, its status and its headers, as in Python.
local function http_error(url, response)
  local problem = HTTPError(format("HTTP Error %d: %s", response.status, response.reason))
  problem.code, problem.reason, problem.headers, problem.url = response.status, response.reason, response.headers, url
  problem.read = function(_, amount) return response:read(amount) end
  problem.close = function() response:close() end
  return problem
end

-- What a Location means, seen from `url`.
local function join(url, location)
  if find(location, "^%a[%w+.-]*://") then return location end
  local origin, path = match(url, "^(http://[^/?#]*)([^?#]*)")
  if find(location, "^//") then return "http:" .. location end
  if find(location, "^/") then return origin .. location end
  return origin .. (match(path, "^(.*/)") or "/") .. location
end

local function fetch(url, data, timeout)
  local scheme = match(url, "^(%a[%w+.-]*):")
  if not scheme then error(builtins.ValueError("unknown url type: '" .. url .. "'")) end
  if scheme:lower() ~= "http" then error(url_error("unknown url type: " .. scheme:lower())) end
  local host, selector = match(url, "^%a+://([^/?#]*)([^#]*)")
  if not host or host == "" then error(url_error("no host given")) end
  if not find(selector, "^/") then selector = "/" .. selector end
  local connection = client.HTTPConnection(host, nil, {timeout = timeout})
  local headers = {Connection = "close", ["User-Agent"] = "gilvm-urllib"}
  if data then headers["Content-Type"] = "application/x-www-form-urlencoded" end
  local sent, problem = pcall(connection.request, connection, data and "POST" or "GET", selector, data, headers)
  if not sent then
    connection:close()
    if not builtins.isinstance(problem, builtins.OSError) then error(problem, 0) end
    error(url_error(problem))
  end
  return connection:getresponse()
end

-- urlopen(url, data=nil, timeout=nil): the answer, an HTTPResponse with its url. With data it is a POST.
local function urlopen(url, data, timeout)
  if type(url) == "table" then
    url, data, timeout = keywords("urlopen", url, "url", "data", "timeout")
  elseif type(data) == "table" then
    data, timeout = keywords("urlopen", data, "data", "timeout")
  end
  if type(url) ~= "string" then error(TypeError("urlopen: url must be a string, got " .. type(url))) end
  for _ = 0, MOST_REDIRECTS do
    local response = fetch(url, data, timeout)
    response.url = url
    local location = response:getheader("Location")
    if not REDIRECTS[response.status] or not location or data and response.status > 303 then
      if response.status < 200 or response.status >= 300 then error(http_error(url, response)) end
      return response
    end
    response:close()
    url, data = join(url, location), nil
  end
  error(url_error("too many redirects"))
end

return {HTTPError = HTTPError, URLError = URLError, urlopen = urlopen}
