-- Takes a parameter out of the query of a request, however its name is encoded and whatever separates it from others, and
-- leaves the rest as it came. Ahead of this stands NAME, in lower case.

local function is_it(parameter)
  local name = parameter:match('^[^=]*')
  name = name:gsub('%%(%x%x)', function(hex) return string.char(tonumber(hex, 16)) end)
  return name:gsub('[+%s]', ''):lower() == NAME
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local path, query = headers:get(':path'):match('^([^?]*)%?(.*)$')
  if query == nil then return end
  local kept = ('&' .. query):gsub('[&;][^&;]*', function(each)
    if is_it(each:sub(2)) then return '' end
  end)
  if #kept == #query + 1 then return end
  headers:replace(':path', kept == '' and path or path .. '?' .. kept:sub(2))
end
