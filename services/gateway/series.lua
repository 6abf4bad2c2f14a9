-- Reads series (events that come again) and what is particular to their occurrences.
-- KEYS: 1 the pointer to the live views.
-- ARGV: 1 what: 'list' and the sets that a series has to stand in, 'load' and ids, or 'figures' and id, name, id, name…
-- Answers {'incomplete'}, or after {'found', positions}: of a list id, version…; of a load for each id its version, body
-- and a list of name, state… of the occurrences that were moved or called off; of figures each state or ''.

local prefix = redis.call('GET', KEYS[1])
if not prefix or redis.call('EXISTS', prefix .. 'complete') == 0 then
  return {'incomplete'}
end
local found = {'found', redis.call('HGETALL', prefix .. 'positions')}

if ARGV[1] == 'list' then
  for _, id in ipairs(redis.call('ZRANGE', prefix .. ARGV[2], 0, -1)) do
    local fits = true
    for i = 3, #ARGV do
      fits = fits and redis.call('ZSCORE', prefix .. ARGV[i], id)
    end
    if fits then
      found[#found + 1] = id
      found[#found + 1] = tonumber(redis.call('HGET', prefix .. 'o:' .. id, 'v') or 0)
    end
  end
elseif ARGV[1] == 'load' then
  for i = 2, #ARGV do
    local view = redis.call('HMGET', prefix .. 'o:' .. ARGV[i], 'v', 'b')
    found[#found + 1] = tonumber(view[1] or 0)
    found[#found + 1] = view[2] or ''
    found[#found + 1] = redis.call('HGETALL', prefix .. 'e:' .. ARGV[i])
  end
else
  for i = 2, #ARGV, 2 do
    local packed = redis.call('HGET', prefix .. 't:' .. ARGV[i], ARGV[i + 1])
    found[#found + 1] = packed and cmsgpack.unpack(packed)[2] or ''
  end
end
return found
