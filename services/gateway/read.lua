-- Reads one view, or a campaign with all that belongs to it, as of one moment.
-- KEYS: 1 the pointer to the live views. ARGV: 1 'id' or 'slug', 2 the id or slug, 3 'view' or 'aggregate', 4 now.
-- Answers {'incomplete'}, {'missing', positions} or {'found', positions, id, version, public, campaign, body, …}.

local prefix = redis.call('GET', KEYS[1])
if not prefix or redis.call('EXISTS', prefix .. 'complete') == 0 then
  return {'incomplete'}
end
local positions = redis.call('HGETALL', prefix .. 'positions')
local id = ARGV[2]
if ARGV[1] == 'slug' then
  id = redis.call('GET', prefix .. 's:' .. id)
end
local view = id and redis.call('HMGET', prefix .. 'o:' .. id, 'v', 'p', 'c', 'b')
if not view or not view[1] then
  return {'missing', positions}
end
local found = {'found', positions, id, tonumber(view[1]), tonumber(view[2]), view[3], view[4]}
if ARGV[3] == 'view' then
  return found
end

local own = prefix .. 'c:' .. id .. ':'
local totals = {events = 0, registrations = 0, needs_open = 0, pledged = {}, delivered = {}}
for _, packed in ipairs(redis.call('HVALS', own .. 'shares')) do
  local share = cmsgpack.unpack(packed)
  if share[1] == 'event' then
    totals.events = totals.events + 1
    totals.registrations = totals.registrations + share[2]
  else
    local kind = share[3]
    totals.needs_open = totals.needs_open + share[2]
    totals.pledged[kind] = (totals.pledged[kind] or 0) + share[4]
    totals.delivered[kind] = (totals.delivered[kind] or 0) + share[5]
  end
end
totals.volunteers = redis.call('SCARD', own .. 'volunteers')

local function bodies(members)
  local texts = {}
  for i, member in ipairs(members) do
    texts[i] = redis.call('HGET', prefix .. 'o:' .. string.match(member, '[^|]*$'), 'b')
  end
  return texts
end

local partners = {}
for _, packed in ipairs(redis.call('HVALS', own .. 'partners')) do
  local body = cmsgpack.unpack(packed)[2]
  if body ~= '' then
    partners[#partners + 1] = body
  end
end
local upcoming = redis.call('ZRANGEBYLEX', own .. 'upcoming', '(' .. ARGV[4], '+', 'LIMIT', 0, 10)
local urgent = redis.call('ZRANGEBYLEX', own .. 'open', '-', '+', 'LIMIT', 0, 10)
found[8] = partners
found[9] = bodies(upcoming)
found[10] = bodies(urgent)
found[11] = cmsgpack.pack(totals)
found[12] = redis.call('GET', own .. 'at') or ''
found[13] = upcoming[1] or ''
return found
