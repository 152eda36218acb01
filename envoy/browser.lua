-- Answers what people ask for under the reserved path: which previews there are, to use one, to use none any more.
-- Ahead of this stand, as the settings say: PATH, COOKIE, STYLE and STYLE_HASH. It runs on no other path.

local HTML = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;', ["'"] = '&#39;' }

local function escaped(text)
  return (text:gsub('[&<>"\']', HTML))
end

-- As in catalog/names.ts.
local function is_key(text)
  return #text <= 63 and text:find('^[a-z0-9.-]+$') and not ('.' .. text .. '.'):find('[.-][.-]')
end

local function unescaped(text)
  return (text:gsub('+', ' '):gsub('%%(%x%x)', function(hex) return string.char(tonumber(hex, 16)) end))
end

local function parameter(query, name)
  for key, value in query:gmatch('([^&=]+)=([^&]*)') do
    if key == name then return unescaped(value) end
  end
end

-- Scheme and authority of a URL, and the rest.
local function split_url(url)
  return url:match('^(https?)://([^/?#]*)([^#]*)')
end

-- A path on this very host: nothing that a browser takes for another host, nothing that ends a header, and none of the
-- actions here, which would only lead back.
local function is_return_path(text)
  return #text <= 2000 and text:find('^/[!-~]*$') and not text:find('^//') and not text:find('\\', 1, true)
    and text:sub(1, #PATH + 1) ~= PATH .. '/'
end

local Request = {}
Request.__index = Request

local function read(handle)
  local headers = handle:headers()
  local path, query = (headers:get(':path') or ''):match('^([^?]*)%??(.*)$')
  local authority = (headers:get(':authority') or ''):lower()
  -- Where the request comes from, if its browser says so, and whether that is this very host.
  local scheme, from, rest = split_url(headers:get('referer') or '')
  local origin = headers:get('origin')
  if origin ~= nil then scheme, from = split_url(origin) end
  local here = from ~= nil and from:lower() == authority
  local carried = handle:streamInfo():dynamicMetadata():get('envoy.lb')
  return setmetatable({
    handle = handle,
    method = headers:get(':method'),
    rest = path:sub(#PATH + 1),
    query = query,
    authority = authority,
    here = here,
    site = headers:get('sec-fetch-site'),
    early = (headers:get('sec-purpose') or ''):find('^prefetch') ~= nil,
    secure = headers:get('x-forwarded-proto') == 'https' or (here and scheme == 'https'),
    referer = here and rest or nil,
    cookies = headers:get('cookie') or '',
    key = carried ~= nil and carried['preview'] or nil,
  }, Request)
end

-- Whether somebody on this very host asked for it, or typed it: what another site had a browser ask for changes nothing.
-- Of a sibling too, since the preview hosts are such, and what they serve nobody has reviewed.
function Request:is_own()
  if self.site ~= nil then return self.site == 'same-origin' or self.site == 'none' end
  return self.here
end

function Request:has_cookie(key)
  for name, value in self.cookies:gmatch('([^=;%s]+)=([^;]*)') do
    if name == COOKIE then return value:gsub('"', '') == key end
  end
  return false
end

function Request:respond(status, body, headers)
  headers[':status'] = tostring(status)
  headers['cache-control'] = 'no-store'
  headers['x-content-type-options'] = 'nosniff'
  self.handle:respond(headers, body)
end

function Request:page(status, title, content)
  self:respond(status, table.concat({
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
    '<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">\n',
    '<title>', escaped(title), '</title>\n<style>', STYLE, '</style>\n</head>\n<body>\n<main>\n<h1>', escaped(title), '</h1>\n',
    content, '</main>\n</body>\n</html>\n',
  }), {
    ['content-type'] = 'text/html; charset=utf-8',
    -- A page that is framed could have its buttons pressed by somebody who does not see them.
    ['content-security-policy'] = "default-src 'none'; style-src '" .. STYLE_HASH .. "'; form-action 'self'; "
      .. "frame-ancestors 'none'; base-uri 'none'",
    ['x-frame-options'] = 'DENY',
    ['referrer-policy'] = 'same-origin',
  })
end

function Request:refuse(status, title, sentence)
  self:page(status, title, '<p>' .. sentence .. '</p>\n<p><a href="' .. PATH .. '">All previews</a></p>\n')
end

-- Sets the cookie, or takes it away where there is no value, and leads back. Scripts may read it: a page that calls another
-- origin hands the key on in a header. It ends with the browser's session, so that nobody is left on a preview for good.
-- What the browser has stored of this origin is somebody else's answer from now on; plain HTTP keeps it, but from this machine.
function Request:set_cookie(value)
  local asked = parameter(self.query, 'return')
  local target = '/'
  if asked ~= nil and is_return_path(asked) then target = asked
  elseif asked == nil and self.referer ~= nil and is_return_path(self.referer) then target = self.referer end
  self:respond(303, '', {
    ['location'] = target,
    ['clear-site-data'] = '"cache"',
    ['set-cookie'] = COOKIE .. '=' .. (value or '') .. '; Path=/; SameSite=Lax' .. (self.secure and '; Secure' or '')
      .. (value == nil and '; Max-Age=0' or ''),
  })
end

local function button(action, text, label)
  return '<form method="post" action="' .. PATH .. action .. '"><button aria-label="' .. label .. '">' .. text .. '</button></form>'
end

local function use_button(key)
  return button('/use/' .. key, 'Use', 'Use ' .. key)
end

function Request:change(value)
  if self.method ~= 'GET' and self.method ~= 'POST' then
    return self:respond(405, 'Use GET or POST.\n', { ['allow'] = 'GET, POST', ['content-type'] = 'text/plain' })
  end
  -- A browser that loads ahead of its user must not decide for them.
  if self.early then return self:respond(503, '', {}) end
  if self:is_own() then return self:set_cookie(value) end
  local question = value ~= nil and '<p>Use the preview <code>' .. value .. '</code> on this site? '
    or '<p>Stop using a preview on this site? '
  self:page(403, 'Previews', question .. 'You did not ask for it here, so please confirm.</p>\n'
    .. (value ~= nil and use_button(value) or button('/clear', 'Stop', 'Stop using a preview'))
    .. '<p><a href="' .. PATH .. '">All previews</a></p>\n')
end

function Request:use(key)
  if is_key(key) then return self:change(key) end
  self:refuse(400, 'No key', '<code>' .. escaped(key:sub(1, 100)) .. '</code> is no key of a preview. Keys are lower-case letters, '
    .. 'digits, <code>-</code> and <code>.</code>, beginning and ending with a letter or digit, with no two of these '
    .. 'in a row, at most 63 characters.')
end

function Request:status(listed)
  local key = self.key
  if key == nil then return '<p>No preview is in use.</p>\n' end
  local shown = '<strong><code>' .. escaped(key) .. '</code></strong>'
  local known = (listed.more or 0) > 0
  for _, preview in ipairs(listed.previews or {}) do known = known or preview.key == key end
  local nobody = known and '' or ' No preview has exactly this key.'
  if self:has_cookie(key) then
    return '<p>In use: ' .. shown .. '.' .. nobody .. '</p>\n' .. button('/clear', 'Stop', 'Stop using ' .. escaped(key))
  end
  return '<p>In use: ' .. shown .. ', since this very request says so, by its address or a header.' .. nobody .. '</p>\n'
end

local function item(preview, in_use)
  local services = table.concat(preview.services, ', ')
  if preview.more > 0 then services = services .. string.format(' and %d more', preview.more) end
  return '<li><div><code>' .. escaped(preview.key) .. '</code><small>' .. escaped(services) .. '</small></div>'
    .. (in_use and '<span>In use</span>' or use_button(preview.key)) .. '</li>\n'
end

function Request:list()
  local listed = self.handle:streamInfo():dynamicMetadata():get('shunt.previews') or {}
  local items = {}
  for _, preview in ipairs(listed.previews or {}) do
    items[#items + 1] = item(preview, preview.key == self.key)
  end
  local list = '<p>There is none at present.</p>\n'
  if #items > 0 then list = '<ul>\n' .. table.concat(items) .. '</ul>\n' end
  if (listed.more or 0) > 0 then list = list .. string.format('<p>And %d more.</p>\n', listed.more) end
  self:page(200, 'Previews', '<section aria-live="polite">\n' .. self:status(listed) .. '</section>\n<h2>Which there are</h2>\n' .. list
    .. '<form action="' .. PATH .. '/use"><label for="key">Another key</label><input id="key" name="key" required maxlength="63" '
    .. 'pattern="[a-z0-9]([a-z0-9.\\-]*[a-z0-9])?" title="Lower-case letters, digits, - and ." autocapitalize="none" '
    .. 'autocomplete="off" spellcheck="false"><button>Use</button></form>\n<p><a href="/">Back to '
    .. escaped(self.authority) .. '</a></p>\n')
end

function envoy_on_request(handle)
  local request = read(handle)
  local rest = request.rest
  if rest == '' or rest == '/' then return request:list() end
  if rest == '/clear' then return request:change(nil) end
  if rest == '/use' then return request:use(parameter(request.query, 'key') or '') end
  local key = rest:match('^/use/(.*)$')
  if key ~= nil then return request:use(key) end
  request:refuse(404, 'Nothing here', 'There is <code>' .. PATH .. '</code>, <code>' .. PATH .. '/use/KEY</code> and <code>'
    .. PATH .. '/clear</code>.')
end
