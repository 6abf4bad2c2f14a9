-- Applies one batch of changes to the views, together with the log positions that it covers: all of it or nothing.
-- KEYS: 1 the pointer to the live views, 2 the channel that tells what moved, 3 prefix of the operations.
-- ARGV: 1 the batch (MessagePack), 2 the prefix of views being rebuilt, empty for the live ones.
-- Answers {'applied'}, {'incomplete'} if there is no complete set of views, or {'behind', place…} where Redis
-- does not hold what the caller's batch builds on. Nothing is written before all of that is known.

local views, partners, volunteers, operations, positions, wakes, moved, occurrences = unpack(cmsgpack.unpack(ARGV[1]))
local prefix = ARGV[2]
local live = prefix == ''
if live then
  prefix = redis.call('GET', KEYS[1])
  if not prefix or redis.call('EXISTS', prefix .. 'complete') == 0 then
    return {'incomplete'}
  end
end

local held = prefix .. 'positions'
local forward, behind = {}, {'behind'}
for _, position in ipairs(positions) do
  local place, from, to = unpack(position)
  local stored = tonumber(redis.call('HGET', held, place) or -1)
  if live and stored < 0 then
    return {'incomplete'}
  end
  if live and stored < from then
    behind[#behind + 1] = place
  elseif stored < to then
    forward[#forward + 1] = place
    forward[#forward + 1] = string.format('%d', to)
  end
end
if #behind > 1 then
  return behind
end

local function latest(campaign, at)
  local key = prefix .. 'c:' .. campaign .. ':at'
  local was = redis.call('GET', key)
  if not was or was < at then
    redis.call('SET', key, at)
  end
end

local function enter(id, entries, was)
  -- Flat lists of set, member, set, member…; every member stands in its sets with score 0, in order of its text.
  local packed = cmsgpack.pack(entries)
  if packed == was then
    return packed
  end
  local wanted = {}
  for i = 1, #entries, 2 do
    wanted[entries[i] .. ' ' .. entries[i + 1]] = true
    redis.call('ZADD', prefix .. entries[i], 0, entries[i + 1])
  end
  if was then
    local old = cmsgpack.unpack(was)
    for i = 1, #old, 2 do
      if not wanted[old[i] .. ' ' .. old[i + 1]] then
        redis.call('ZREM', prefix .. old[i], old[i + 1])
      end
    end
  end
  return packed
end

for _, view in ipairs(views) do
  local id, version, public, campaign, body, slugs, entries, share, at = unpack(view)
  local key = prefix .. 'o:' .. id
  local was = redis.call('HMGET', key, 'v', 'x')
  if not was[1] or tonumber(was[1]) < version then
    local packed = enter(id, entries, was[2])
    for _, slug in ipairs(slugs) do
      redis.call('SET', prefix .. 's:' .. slug, id)
    end
    redis.call('HSET', key, 'v', string.format('%d', version), 'p', public, 'c', campaign, 'b', body, 'x', packed)
    local shares = prefix .. 'c:' .. campaign .. ':shares'
    if #share > 0 then
      redis.call('HSET', shares, id, cmsgpack.pack(share))
    else
      redis.call('HDEL', shares, id)
    end
    latest(campaign, at)
  end
end

for _, partner in ipairs(partners) do
  local campaign, id, version, body, at = unpack(partner)
  local key = prefix .. 'c:' .. campaign .. ':partners'
  local was = redis.call('HGET', key, id)
  if not was or cmsgpack.unpack(was)[1] < version then
    redis.call('HSET', key, id, cmsgpack.pack({version, body}))
    latest(campaign, at)
  end
end

for _, occurrence in ipairs(occurrences) do
  local event, name, version, body, exceptional = unpack(occurrence)
  local was = redis.call('HGET', prefix .. 't:' .. event, name)
  if not was or cmsgpack.unpack(was)[1] < version then
    redis.call('HSET', prefix .. 't:' .. event, name, cmsgpack.pack({version, body}))
    if exceptional == 1 then
      redis.call('HSET', prefix .. 'e:' .. event, name, body)
    else
      redis.call('HDEL', prefix .. 'e:' .. event, name)
    end
  end
end

for _, volunteer in ipairs(volunteers) do
  redis.call('SADD', prefix .. 'c:' .. volunteer[1] .. ':volunteers', volunteer[2])
end

if #forward > 0 then
  redis.call('HSET', held, unpack(forward))
end

for _, operation in ipairs(operations) do
  redis.call('SET', KEYS[3] .. operation[1], operation[2], 'NX', 'EX', 691200)
end

if live then
  if #moved > 0 then
    redis.call('PUBLISH', KEYS[2], cmsgpack.pack({moved, positions}))
  end
  for _, wake in ipairs(wakes) do
    redis.call('PUBLISH', wake[1], cmsgpack.pack({wake[2], wake[3], wake[4], wake[5], wake[6]}))
  end
end
return {'applied'}
