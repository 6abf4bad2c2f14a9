-- Makes a new set of views the live one, if nothing happened to it while it was built.
-- KEYS: 1 the pointer to the live views, 2 the channel that tells what moved, 3 the lease.
-- ARGV: 1 the new prefix, 2 the token of who built it, 3 what to tell on the channel.
-- Answers 1, or 0 if the lease or a part of the set was lost meanwhile.

local prefix = ARGV[1]
if redis.call('GET', KEYS[3]) ~= ARGV[2] or redis.call('GET', prefix .. 'building') ~= ARGV[2] then
  return 0
end
redis.call('SET', prefix .. 'complete', '1')
redis.call('DEL', prefix .. 'building')
redis.call('SET', KEYS[1], prefix)
redis.call('DEL', KEYS[3])
redis.call('PUBLISH', KEYS[2], ARGV[3])
return 1
