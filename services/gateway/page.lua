-- Reads one page of a list: the members that stand in all the given sets, in the order of their text.
-- KEYS: 1 the pointer to the live views.
-- ARGV: 1 how many, 2 'up' or 'down', 3 and 4 lower and upper bound, 5 and 6 first and last date (second part of a
-- member) or empty, 7… the sets.
-- Answers {'incomplete'} or {'page', positions, the member to go on after or '', bodies…}. A call looks at no more
-- than 2,000 members: a page may come out short and still say where it goes on.

local prefix = redis.call('GET', KEYS[1])
if not prefix or redis.call('EXISTS', prefix .. 'complete') == 0 then
  return {'incomplete'}
end
local most, down = tonumber(ARGV[1]), ARGV[2] == 'down'
local low, high, first, last = ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local sets, smallest = {}, nil
for i = 7, #ARGV do
  local set = {name = prefix .. ARGV[i]}
  set.size = redis.call('ZCARD', set.name)
  sets[#sets + 1] = set
  if not smallest or set.size < smallest.size then
    smallest = set
  end
end

local function fits(member)
  for _, set in ipairs(sets) do
    if set ~= smallest and not redis.call('ZSCORE', set.name, member) then
      return false
    end
  end
  if first ~= '' or last ~= '' then
    local date = string.match(member, '^[^|]*|([^|]*)|')
    if (first ~= '' and date < first) or (last ~= '' and date > last) then
      return false
    end
  end
  return true
end

local bodies, more, seen, after = {}, false, 0, ''
while not more and seen < 2000 do
  local members
  if down then
    members = redis.call('ZREVRANGEBYLEX', smallest.name, high, low, 'LIMIT', 0, 200)
  else
    members = redis.call('ZRANGEBYLEX', smallest.name, low, high, 'LIMIT', 0, 200)
  end
  for _, member in ipairs(members) do
    if fits(member) then
      if #bodies == most then
        more = true
        break
      end
      bodies[#bodies + 1] = redis.call('HGET', prefix .. 'o:' .. string.match(member, '[^|]*$'), 'b')
    end
    after = member
  end
  seen = seen + #members
  if #members < 200 and not more then
    after = ''
    break
  end
  if down then
    high = '(' .. after
  else
    low = '(' .. after
  end
end
local page = {'page', redis.call('HGETALL', prefix .. 'positions'), after}
for _, body in ipairs(bodies) do
  page[#page + 1] = body
end
return page
